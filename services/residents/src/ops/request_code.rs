use crate::{Residents, code, error::Error, phone::Phone};

/// How long until the next code may be asked for, and how long this one is good, in seconds.
pub struct CodeSent {
    pub resend_after_s: i32,
    pub valid_for_s: i32,
}

/// Sends a one-time code. Whether the phone is known plays no part.
pub async fn request_code(residents: &Residents, phone: &str, address: Option<&str>) -> Result<CodeSent, Error> {
    let phone = Phone::parse(phone)?;
    residents.permit_code(&phone, address).await?;
    if !residents.sandbox {
        tracing::error!("no code sent: set messages = \"sandbox\" or configure a channel for text messages");
        return Err(Error::NoMessages);
    }
    residents.send_code(&phone).await?;
    let resend_after_s = if residents.sandbox { 0 } else { i32::try_from(code::MINUTE / 1000).unwrap_or(0) };
    Ok(CodeSent { resend_after_s, valid_for_s: i32::try_from(code::VALID.as_secs()).unwrap_or(0) })
}
