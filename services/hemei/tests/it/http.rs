//! Calls to a running suite.
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// The status and the JSON of an answer; null where it is none.
pub fn call(port: u16, line: &str, token: Option<&str>, body: Option<&Value>) -> Result<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let body = body.map(Value::to_string).unwrap_or_default();
    // HTTP/1.0: the body ends with the connection.
    let head = format!("{line} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\n{bearer}");
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split_whitespace().nth(1).context("no HTTP status")?.parse()?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}
