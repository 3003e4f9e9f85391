//! A street's group with the other side of its robot, and two senders.
use std::{sync::Arc, time::Duration};

use chassis::{keys::Keyring, vault::Vault};
use chrono::TimeDelta;
use peer::{Received, WeCom};
use proto::{
    api::v1::post::Role,
    tickets::v1::{Channel, ListChannelsRequest, PutChannelRequest, channel_service_server::ChannelService},
};
use tickets::{
    channels::{Channels, Robots, Sender},
    followers_consumer,
    rpc::channels::ChannelRpc,
};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{World, answer, people::Person};

pub const KEY: &str = "robot-key-0123456789";

/// A world with a robot's other side and two senders.
pub struct Groups {
    pub world: World,
    pub wecom: WeCom,
    pub senders: [Sender; 2],
    pub vault: Vault,
    pub rpc: ChannelRpc,
}

impl Groups {
    pub async fn new() -> Self {
        let world = World::new().await;
        let wecom = WeCom::new(world.clock.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, peer::router(wecom.clone())).into_future());
        let folder = std::env::temp_dir().join(format!("channels-{}", Uuid::now_v7()));
        let keys = |name| Keyring::load_or_create(&folder, name).unwrap();
        let vault = || Vault::new(keys("vault"), keys("index"));
        let channels =
            |replica: usize| Arc::new(Channels { tickets: world.replicas[replica].0.clone(), vault: vault() });
        let senders =
            [0, 1].map(|replica| Sender { channels: channels(replica), robots: Robots::new(&address).unwrap() });
        let rpc = ChannelRpc(channels(0));
        let vault = vault();
        std::fs::remove_dir_all(&folder).unwrap();
        Self { world, wecom, senders, vault, rpc }
    }

    /// The street's group, bound to the robot.
    pub async fn street(&self) -> Channel {
        self.put(street(&self.world)).await.unwrap()
    }

    pub async fn put(&self, request: PutChannelRequest) -> Result<Channel, Status> {
        let admin = Person::new(self.world.gongnong, Role::DistrictAdmin, "gn", None);
        answer(self.rpc.put_channel(admin.asks_of("ChannelService", "PutChannel", request)).await)
    }

    pub async fn list(&self, person: &Person) -> Vec<Channel> {
        let request = person.asks_of("ChannelService", "ListChannels", ListChannelsRequest::default());
        answer(self.rpc.list_channels(request).await).unwrap().channels
    }

    /// Files reports in the street and lets the groups' lines be written; the numbers of the tickets.
    pub async fn reports(&self, many: usize) -> Vec<String> {
        let heard = usize::try_from(self.world.count("channel_message").await).unwrap();
        let mut numbers = Vec::new();
        for _ in 0..many {
            numbers.push(self.world.pooled().await.number);
        }
        let consumer = followers_consumer(&self.world.replicas[0].0);
        let written = async {
            loop {
                consumer.catch_up().await.unwrap();
                if usize::try_from(self.world.count("channel_message").await).unwrap() >= heard + many {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), written).await.expect("the lines are written");
        numbers
    }

    /// Lines of an hour ago that the street's group has still to hear; what each of them begins with.
    pub async fn late(&self, many: i64) -> Vec<String> {
        sqlx::query(
            "insert into tickets.channel_message (district_id, channel_id, ticket_id, kind, sequence, text, urgent, at)
             select c.district_id, c.channel_id, gen_random_uuid(), 'T1', n, 'L' || lpad(n::text, 5, '0') || repeat('雪', 60), false, $1
             from tickets.channel c, generate_series(1, $2) n",
        )
        .bind(self.world.clock.now() - TimeDelta::hours(1))
        .bind(many)
        .execute(&self.world.pool)
        .await
        .unwrap();
        (1..=many).map(|n| format!("L{n:05}")).collect()
    }

    /// Lets both senders work while time passes second by second.
    pub async fn seconds(&self, many: usize) {
        for second in 0..many {
            while self.senders[second % 2].step().await.unwrap() {}
            self.world.clock.advance(TimeDelta::seconds(1));
        }
    }

    pub async fn waiting(&self) -> i64 {
        self.world.count("channel_message where state not in ('SENT', 'SUMMED')").await
    }
}

pub fn street(world: &World) -> PutChannelRequest {
    PutChannelRequest {
        channel_id: Uuid::now_v7().to_string(),
        tier: "SUBDISTRICT".into(),
        place_id: Some(world.street.to_string()),
        name: "向阳街道联络群".into(),
        robot_key: Some(KEY.into()),
        mentioned_phones: vec!["19900000001".into()],
        replace_mentioned: true,
        ..Default::default()
    }
}

/// How often each number was said, in the order of the group.
pub fn said(received: &[Received], numbers: &[String]) -> Vec<usize> {
    let all: String = received.iter().map(|one| one.content.as_str()).collect();
    numbers.iter().map(|number| all.matches(number.as_str()).count()).collect()
}

/// The most messages in any minute.
pub fn most_in_a_minute(received: &[Received]) -> usize {
    let within = |from: usize| {
        received[from..].iter().take_while(|one| one.at < received[from].at + TimeDelta::seconds(60)).count()
    };
    (0..received.len()).map(within).max().unwrap_or(0)
}

pub async fn district_place(world: &World) -> String {
    let id: Uuid = sqlx::query_scalar("select place_id from tickets.place where path = 'gn'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    id.to_string()
}
