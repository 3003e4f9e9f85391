//! Everything `up` starts, in order, and stops in the reverse order.
use std::time::{Duration, Instant};

use anyhow::Result;
use chassis::{clock::Clock, config};
use rustix::process::Signal;
use sqlx::PgPool;
use tokio::task::{JoinHandle, spawn_blocking, spawn_local};
use tokio_util::sync::CancellationToken;

use super::{
    banner,
    folder::DataFolder,
    ports::{Held, Ports},
    record::Record,
    roles::Role,
    settings,
    steps::Steps,
    supervise::Charge,
};
use crate::{
    cmd::{migrate, role::DEFAULTS},
    demo,
    private::{Postgres, PrivateServers, Redis},
    process::Process,
    signals::Stops,
};

/// Children that are stopped together.
struct Layer {
    stop: CancellationToken,
    children: Vec<JoinHandle<()>>,
}

/// The running whole.
pub struct Suite {
    folder: DataFolder,
    servers: PrivateServers,
    ports: Ports,
    held: Held,
    record: Record,
    demo: bool,
    layers: Vec<Layer>,
}

impl Suite {
    /// Starts nothing yet.
    pub fn new(
        folder: DataFolder,
        servers: PrivateServers,
        (ports, held): (Ports, Held),
        record: Record,
        demo: bool,
    ) -> Self {
        Self { folder, servers, ports, held, record, demo, layers: Vec::new() }
    }

    /// From nothing to a gateway that answers.
    pub async fn start(&mut self, begun: Instant) -> Result<()> {
        let mut steps = Steps::new(if self.demo { 6 } else { 5 });
        self.start_postgres(&mut steps).await?;
        self.start_redis(&mut steps).await?;
        self.migrate(&mut steps).await?;
        if self.demo {
            self.fill(&mut steps).await?;
        }
        self.start_services(&mut steps).await?;
        self.start_gateway(&mut steps, begun).await?;
        self.tell().await?;
        self.record.ready();
        Ok(())
    }

    /// Gateway, services, Redis, PostgreSQL; a second signal leaves it to the kernel to stop them.
    pub async fn stop(&mut self, stops: &mut Stops) {
        let in_order = async {
            while let Some(layer) = self.layers.pop() {
                layer.stop.cancel();
                for child in layer.children {
                    let _ = child.await;
                }
            }
        };
        tokio::select! {
            () = in_order => {}
            _ = stops.next() => {}
        }
        let _ = std::fs::remove_dir_all(&self.servers.postgres.sockets);
        self.record.end();
    }

    /// Leaves nothing behind; only after the stop.
    pub fn throw_away(self) -> Result<()> {
        self.folder.remove()
    }

    async fn start_postgres(&mut self, steps: &mut Steps) -> Result<()> {
        let step = steps.begin("PostgreSQL 私有实例");
        let postgres = self.servers.postgres.clone();
        let first = postgres.start().await?;
        let place = postgres.data.display().to_string();
        let who =
            postgres.account.as_ref().map(|account| format!(", 以用户 as user {}", account.name)).unwrap_or_default();
        let charge = self.charge("postgres", Postgres::STOP, 4000);
        self.keep(charge, first, async move || postgres.start().await);
        step.end("就绪", &format!("{place}, unix 套接字{who}"));
        Ok(())
    }

    async fn start_redis(&mut self, steps: &mut Steps) -> Result<()> {
        let step = steps.begin("Redis 私有实例");
        let redis = self.servers.redis.clone();
        let first = redis.start().await?;
        let charge = self.charge("redis", Redis::STOP, 1000);
        self.keep(charge, first, async move || redis.start().await);
        step.end("就绪", "unix 套接字");
        Ok(())
    }

    async fn migrate(&self, steps: &mut Steps) -> Result<()> {
        let step = steps.begin("数据库迁移");
        let count = migrate::all(&self.servers.database_url("hemei")).await?;
        step.end("完成", &format!("{count} 项 migrations"));
        Ok(())
    }

    /// Demo data, once in the life of a data folder.
    async fn fill(&self, steps: &mut Steps) -> Result<()> {
        let step = steps.begin("演示数据");
        let text = std::fs::read_to_string(settings::file(&self.folder))?;
        let loaded = config::load(DEFAULTS, Some(&text), "tickets", [])?;
        // A runtime of its own: this thread is the one that children are started from.
        let seeded = spawn_blocking(move || demo::seed(&loaded)).await??;
        step.end("完成", &seeded.map_or_else(|| "已有数据 kept".to_owned(), |summary| summary.text()));
        Ok(())
    }

    async fn start_services(&mut self, steps: &mut Steps) -> Result<()> {
        let step = steps.begin("居民/工单/激励/财务 gRPC 服务");
        let stop = self.layer();
        let services: Vec<Role> = self.roles().into_iter().filter(|role| role.name != "gateway").collect();
        for role in &services {
            self.start_role(role, &stop)?;
        }
        for role in &services {
            role.ready(&self.record).await?;
        }
        step.end(&format!("{0}/{0} 健康", services.len()), "");
        Ok(())
    }

    async fn start_gateway(&mut self, steps: &mut Steps, begun: Instant) -> Result<()> {
        let step = steps.begin("网关");
        let stop = self.layer();
        for role in self.roles().into_iter().filter(|role| role.name == "gateway") {
            self.start_role(&role, &stop)?;
            role.ready(&self.record).await?;
        }
        step.end("就绪", &format!("总用时 total {:.1} s", begun.elapsed().as_secs_f64()));
        Ok(())
    }

    /// The banner, with the secret for the first administrator of an installation that has none.
    async fn tell(&self) -> Result<()> {
        let pool = PgPool::connect(&self.servers.database_url("hemei")).await?;
        let token = residents::setup_token(&pool, &Clock::System).await?;
        banner::ready(&self.ports, self.demo, token, &pool).await;
        pool.close().await;
        Ok(())
    }

    fn start_role(&mut self, role: &Role, stop: &CancellationToken) -> Result<()> {
        self.held.release(role.ports);
        let first = role.start()?;
        let (role, charge) = (role.clone(), self.charge(role.name, Signal::TERM, 1500));
        let child = spawn_local(charge.keep(first, async move || role.start(), stop.clone(), self.record.clone()));
        if let Some(layer) = self.layers.last_mut() {
            layer.children.push(child);
        }
        Ok(())
    }

    fn roles(&self) -> Vec<Role> {
        let config = settings::file(&self.folder);
        let role = |(name, ports)| Role { name, config: config.clone(), log: self.folder.log(name), ports };
        self.ports.by_role().into_iter().map(role).collect()
    }

    fn charge(&self, name: &str, signal: Signal, patience_ms: u64) -> Charge {
        let patience = Duration::from_millis(patience_ms);
        Charge { name: name.to_owned(), signal, patience, log: self.folder.log(name) }
    }

    fn keep(&mut self, charge: Charge, first: Process, start: impl AsyncFn() -> Result<Process> + 'static) {
        let stop = self.layer();
        let child = spawn_local(charge.keep(first, start, stop, self.record.clone()));
        if let Some(layer) = self.layers.last_mut() {
            layer.children.push(child);
        }
    }

    fn layer(&mut self) -> CancellationToken {
        let stop = CancellationToken::new();
        self.layers.push(Layer { stop: stop.clone(), children: Vec::new() });
        stop
    }
}
