use chassis::token::new_secret;

use super::{get_me::person_in, sign_in::signed_in, sign_out::tell_ended};
use crate::{
    Residents, district,
    error::Error,
    session::{RefreshToken, SignedIn},
    store,
};

/// A new pair of tokens with the posts of today, for the session's current refresh token or the one before. A session in a
/// district that is the person's no longer ends.
pub async fn refresh(residents: &Residents, refresh_token: &str) -> Result<SignedIn, Error> {
    let token = RefreshToken::parse(refresh_token).ok_or(Error::RefreshTokenInvalid)?;
    let now = residents.clock.now();
    let mut connection = residents.pool.acquire().await?;
    let Some(rotated) = store::session::rotate(&mut connection, &token, &new_secret(), now).await? else {
        drop(connection);
        return Err(refuse(residents, &token).await?);
    };
    let posts = store::post::current(&mut connection, rotated.person_id, residents.clock.today()).await?;
    let main = store::district::main(&mut connection).await?.ok_or(Error::NoDistrict)?;
    if !district::is_theirs(rotated.district_id, main, &posts) {
        store::session::end_left(&mut connection, token.session_id, now).await?;
        drop(connection);
        tell_ended(residents, &[token.session_id]).await;
        return Err(Error::RefreshTokenInvalid);
    }
    let person = person_in(residents, &mut connection, rotated.person_id, rotated.district_id, posts).await?;
    Ok(signed_in(residents, &token.next(&rotated.salt), person))
}

/// An older token of a living session is in two hands: nobody keeps it.
async fn refuse(residents: &Residents, token: &RefreshToken) -> Result<Error, Error> {
    if !store::session::end_reused(&residents.pool, token, residents.clock.now()).await? {
        return Ok(Error::RefreshTokenInvalid);
    }
    tracing::warn!(session = %token.session_id, "an old refresh token was used again; session ended");
    tell_ended(residents, &[token.session_id]).await;
    Ok(Error::RefreshTokenReused)
}
