//! The services check every call themselves: they trust the person's token, not the gateway.
use hemei_tests::{Instance, people};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};

/// An empty message, whatever its type: who may not call is refused before anybody looks at it.
#[derive(Clone, Copy, Default)]
struct Empty;

impl Codec for Empty {
    type Encode = ();
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        *self
    }
    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Empty {
    type Item = ();
    type Error = Status;
    fn encode(&mut self, (): (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl Decoder for Empty {
    type Item = ();
    type Error = Status;
    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        bytes::Buf::advance(buffer, bytes::Buf::remaining(buffer));
        Ok(Some(()))
    }
}

async fn call(channel: &Channel, path: &str, token: Option<&str>) -> Code {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    grpc.unary(request, path.parse().unwrap(), Empty).await.map_or_else(|status| status.code(), |_| Code::Ok)
}

/// The token with another signature, and one that claims to need none.
fn forgeries(token: &str) -> [String; 2] {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    let payload = signed.split('.').nth(1).unwrap();
    [format!("{signed}.{turned}"), format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_refuses_who_may_not_call_also_behind_the_gateway() {
    let instance = Instance::shared();
    let client = instance.client();
    let run = instance.run_file().unwrap();
    let auditor = people::all(&client).await.unwrap().into_iter().find(|person| person.role == "auditor").unwrap();
    let session = people::session(&client, &auditor.phone, Some(&auditor.district_id)).await.unwrap();
    let token = session["access_token"].as_str().unwrap().to_owned();
    let mut asked = 0;
    for method in proto::methods().values() {
        let access = method.access.as_ref().unwrap();
        if access.public || access.internal {
            continue;
        }
        let role = method.path.split('.').nth(1).unwrap();
        let port = run["ports"][role]["listen"].as_u64().unwrap();
        let channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap().connect().await.unwrap();
        assert_eq!(call(&channel, &method.path, None).await, Code::Unauthenticated, "{} without a token", method.path);
        for forged in forgeries(&token) {
            assert_eq!(
                call(&channel, &method.path, Some(&forged)).await,
                Code::Unauthenticated,
                "{} forged",
                method.path
            );
        }
        asked += 1;
        if method.path.ends_with("/SignOut") {
            continue;
        }
        let granted = access.grants.iter().any(|grant| grant.role().as_str_name() == "auditor");
        let admitted = access.signed_in != 0 || granted;
        let code = call(&channel, &method.path, Some(&token)).await;
        assert_eq!(code == Code::PermissionDenied, !admitted, "{} as auditor: {code:?}", method.path);
    }
    assert!(asked > 20, "{asked} RPCs asked");
}
