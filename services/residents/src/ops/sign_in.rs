use chassis::{faults::Fault, token::Claims};
use tonic::Code;
use uuid::Uuid;

use super::get_me::person_in;
use crate::{
    Residents, district,
    error::Error,
    person::Person,
    phone::Phone,
    session::{ACCESS, RefreshToken, SignedIn},
    store,
};

/// Opens a session for whoever has the phone's code.
pub async fn sign_in(
    residents: &Residents,
    phone: &str,
    code: &str,
    district_id: Option<Uuid>,
    address: Option<&str>,
) -> Result<SignedIn, Error> {
    let phone = Phone::parse(phone)?;
    let left = residents.redeem_code(&phone, code.trim(), address).await?;
    let opened = open(residents, &phone, district_id).await.map_err(Fault::from);
    if let Err(fault) = &opened
        && (fault.code == Code::Unavailable || fault.reason == "DISTRICT_NOT_YOURS")
    {
        // Nobody was signed in, so the code is still to be used. Without Redis it is gone, and the person asks for another.
        residents.give_back_code(&phone, code.trim(), left).await.ok();
    }
    Ok(opened?)
}

async fn open(residents: &Residents, phone: &Phone, asked: Option<Uuid>) -> Result<SignedIn, Error> {
    let now = residents.clock.now();
    let mut transaction = chassis::db::begin(&residents.pool).await?;
    let main = store::district::main(&mut transaction).await?.ok_or(Error::NoDistrict)?;
    let name = phone.stand_in_name();
    let person_id = store::person::ensure(&mut transaction, &residents.vault, phone, &name, now).await?;
    let posts = store::post::current(&mut transaction, person_id, residents.clock.today()).await?;
    let main_knows = store::person::is_member(&mut transaction, main, person_id).await?;
    let district_id = district::choose(asked, main, main_knows, &posts)?;
    store::person::join_district(&mut transaction, district_id, &[person_id], now).await?;
    let token = RefreshToken::first();
    store::session::add(&mut transaction, &token, person_id, district_id, now).await?;
    let person = person_in(residents, &mut transaction, person_id, district_id, posts).await?;
    transaction.commit().await?;
    residents.waker.wake();
    Ok(signed_in(residents, &token, person))
}

/// The pair of tokens for a person as they are now.
pub fn signed_in(residents: &Residents, token: &RefreshToken, person: Person) -> SignedIn {
    let now = residents.clock.now();
    let expires_at = now + ACCESS;
    let claims = Claims {
        sub: person.person_id,
        did: person.district_id,
        sid: token.session_id,
        posts: crate::post::claimed(&person.posts),
        iat: now.timestamp(),
        exp: expires_at.timestamp(),
    };
    SignedIn { access_token: residents.signer.sign(&claims), refresh_token: token.text(), expires_at, person }
}
