//! The provider is asked again what it knows of somebody: by the access token while it lives, otherwise by the refresh token
//! (OpenID Connect Core sections 5.3 and 12).

use std::collections::BTreeSet;

use openidconnect::{SubjectIdentifier, TokenResponse as _};
use tokio::time::Instant;

use super::{
    Claims, Failure, NoEmail, Provider, Tokens,
    claims::{self, Statement},
    sign_in::{Came, token_failure},
};

/// What came of asking again.
#[derive(Debug, Clone)]
pub struct Again {
    /// To be kept instead of those before, also if nothing was said: a refresh token may work once only.
    pub tokens: Tokens,
    /// What the provider says now.
    pub said: Result<Said, Failure>,
}

/// What the provider says now of somebody whom it knows.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was asked for.
    pub claims: Claims,
    /// The address, if the provider says that it is verified.
    pub email: Result<String, NoEmail>,
}

impl Provider {
    /// Asks what the provider knows now of `subject`. It takes up to 5 s if the provider does not answer: nobody should ask for
    /// the same person again at once.
    pub async fn again(&self, tokens: Tokens, subject: &str, names: &BTreeSet<String>) -> Again {
        let mut tokens = tokens;
        let said = self.ask(&mut tokens, subject, names).await;
        Again { tokens, said }
    }

    async fn ask(
        &self,
        tokens: &mut Tokens,
        subject: &str,
        names: &BTreeSet<String>,
    ) -> Result<Said, Failure> {
        let deadline = Self::deadline();
        let subject = SubjectIdentifier::new(subject.to_owned());
        let by_access = self.by_access(tokens, &subject, deadline).await?;
        if let Some(userinfo) = by_access
            && (tokens.refresh().is_none() || !claims::leaves_out(&userinfo, names))
        {
            return Ok(said(None, Some(&userinfo), names));
        }
        self.by_refresh(tokens, &subject, names, deadline).await
    }

    /// What userinfo says while the access token lives, if that is all that is needed.
    async fn by_access(
        &self,
        tokens: &Tokens,
        subject: &SubjectIdentifier,
        deadline: Instant,
    ) -> Result<Option<Statement>, Failure> {
        let Some(access) = tokens.living_access(self.0.clock.now()) else {
            return Ok(None);
        };
        if tokens.needs_id_token() {
            return Ok(None);
        }
        let known = self.known(deadline).await?;
        match self.userinfo(&known, access, subject, deadline).await {
            // It may have been ended early; the refresh token decides.
            Err(Failure::Refused) => Ok(None),
            said => said,
        }
    }

    async fn by_refresh(
        &self,
        tokens: &mut Tokens,
        subject: &SubjectIdentifier,
        names: &BTreeSet<String>,
        deadline: Instant,
    ) -> Result<Said, Failure> {
        let refresh = tokens.refresh().ok_or(Failure::Refused)?;
        let known = self.known(deadline).await?;
        let http = self.0.wire.until(deadline);
        let answer = known
            .client
            .exchange_refresh_token(&refresh)
            .map_err(|_| Failure::Wrong("no_token_endpoint"))?
            .request_async(&http)
            .await
            .map_err(|error| token_failure(&error))?;
        *tokens = Tokens::of(&answer, self.0.clock.now(), Some(tokens.clone()))?;
        let mut known = known;
        let mut in_token = None;
        if let Some(id_token) = answer.id_token() {
            let (newest, claims) = self
                .verified(known, id_token, Came::WithRefresh, &tokens.access(), deadline)
                .await?;
            if claims.subject() != subject {
                return Err(Failure::Wrong("sub"));
            }
            known = newest;
            in_token = Some(Statement::of(&claims));
        }
        let in_userinfo = self.userinfo(&known, tokens.access(), subject, deadline).await?;
        if in_token.is_none() && (in_userinfo.is_none() || tokens.needs_id_token()) {
            // What was in an ID token cannot be had any more without a new sign-in.
            return Err(Failure::Refused);
        }
        if let Some(in_token) = &in_token {
            tokens.note_id_token(claims::is_only_in(in_token, in_userinfo.as_ref(), names));
        }
        Ok(said(in_token.as_ref(), in_userinfo.as_ref(), names))
    }
}

fn said(id_token: Option<&Statement>, userinfo: Option<&Statement>, names: &BTreeSet<String>) -> Said {
    Said {
        claims: claims::values(id_token, userinfo, names),
        email: claims::email(id_token, userinfo),
    }
}
