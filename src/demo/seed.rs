//! The demo's accounts: each simulated person but the free one, confirmed and connected; and the coaches they invited.

use anyhow::Context as _;
use tokio::sync::OnceCell;

use crate::{
    app::App,
    guard::{
        accounts,
        coaches::{self, Grantor},
        connection, connector,
    },
    ids::ConnectionId,
    mail::Address,
    permissions::{self, Access, Group, Permission},
    queries::{self, connections::NewConnection, grants::Terms},
    secrets::{Password, PasswordHash},
    words::ConnectionKind,
};
use icusync_sim::{PEOPLE, Person};

/// The password of every seeded account.
pub const PASSWORD: &str = "train-with-icusync";

/// A person with a ready account.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// Who.
    pub person: &'static Person,
    /// The connector URL.
    pub link: String,
}

/// Makes an account for every simulated person that is not free and has none yet, and returns their connector URLs.
pub async fn seed(app: &App) -> anyhow::Result<Vec<Seeded>> {
    let mut seeded = Vec::new();
    for person in PEOPLE.iter().filter(|person| !person.free) {
        let link = account_of(app, person)
            .await
            .with_context(|| format!("cannot seed {}", person.name))?;
        seeded.push(Seeded { person, link });
    }
    Ok(seeded)
}

/// Lets the first person's connector make changes, unless that was answered already.
pub async fn seed_writing(app: &App) -> anyhow::Result<()> {
    let writer = &PEOPLE[0];
    let account = queries::accounts::by_email(&app.pool, &Address::parse(writer.email)?.key).await?;
    let account = account.context("the person has no account")?;
    let link = queries::connectors::of_account(&app.pool, account.id).await?;
    if link.is_some_and(|link| link.may_write.is_none()) {
        queries::connectors::set_may_write(&app.pool, account.id, Some(true)).await?;
    }
    Ok(())
}

/// A coach with a ready connector URL.
#[derive(Debug, Clone)]
pub struct SeededCoach {
    /// The address.
    pub email: &'static str,
    /// The connector URL.
    pub link: String,
}

/// Who coaches, and what each person grants. The first one may also change everything of one of them and the calendar of
/// another; the second one coaches only herself.
const COACHES: [(&str, &[(&str, Allowed)]); 2] = [
    (
        "coach@example.test",
        &[
            ("ana", Allowed::Everything),
            ("jack", Allowed::Groups(&[Group::Training, Group::Fitness])),
            (
                "tria",
                Allowed::Groups(&[Group::Fitness, Group::Wellness, Group::Calendar]),
            ),
        ],
    ),
    ("triona@example.test", &[("tria", Allowed::Everything)]),
];

/// What a person grants a coach: everything but what connectors begin without, or of groups, what looks, and of the calendar's also what changes it.
#[derive(Debug, Clone, Copy)]
enum Allowed {
    Everything,
    Groups(&'static [Group]),
}

impl Allowed {
    fn tools(self) -> Vec<String> {
        let reads = |tool: &Permission| tool.access == Access::Read || tool.group == Group::Calendar;
        let allowed = |tool: &Permission| match self {
            Self::Everything => !tool.group.is_off_at_first(),
            Self::Groups(groups) => groups.contains(&tool.group) && reads(tool),
        };
        let tools = permissions::ALL.iter().filter(|tool| allowed(tool));
        tools.map(|tool| tool.name.to_owned()).collect()
    }
}

/// Has the seeded people invite the demo's coaches, once each, and returns the coaches' connector URLs.
pub async fn seed_coaches(app: &App) -> anyhow::Result<Vec<SeededCoach>> {
    let mut seeded = Vec::new();
    for (email, athletes) in COACHES {
        let address = Address::parse(email)?;
        for (slug, allowed) in athletes {
            let person = PEOPLE.iter().find(|person| person.slug == *slug);
            let person = person.context("a coach of nobody")?;
            invite(app, person, &address, &allowed.tools())
                .await
                .with_context(|| format!("{} cannot invite {email}", person.name))?;
        }
        let coach = queries::coaches::by_email(&app.pool, &address.key).await?;
        let coach = coach.context("the coach was invited")?;
        let link = queries::connectors::of_coach(&app.pool, coach.id).await?;
        let link = link.and_then(|link| connector::url(app, &link));
        seeded.push(SeededCoach {
            email,
            link: link.context("every coach has a URL")?,
        });
    }
    Ok(seeded)
}

async fn invite(app: &App, person: &Person, coach: &Address, tools: &[String]) -> anyhow::Result<()> {
    let account = queries::accounts::by_email(&app.pool, &Address::parse(person.email)?.key).await?;
    let account = account.context("the person has no account")?;
    let known = match queries::coaches::by_email(&app.pool, &coach.key).await? {
        Some(coach) => queries::grants::of_account(&app.pool, account.id)
            .await?
            .iter()
            .any(|grant| grant.coach_id == coach.id),
        None => false,
    };
    // What was seeded before stays as the user of this demo left it.
    if known {
        return Ok(());
    }
    let grantor = Grantor {
        account: account.id,
        email: account.email.unwrap_or_default(),
        athlete_id: person.athlete_id.to_owned(),
        athlete: person.name.to_owned(),
        zone: person.timezone.parse()?,
    };
    let terms = Terms {
        tools,
        note: "",
        expires_at: None,
    };
    let mut transaction = app.pool.begin().await?;
    coaches::invite(&mut transaction, app, &grantor, coach, &terms).await?;
    transaction.commit().await?;
    Ok(())
}

/// The hash of [`PASSWORD`]. It is no secret, so one hash will do for everyone in this process: hashing is what takes the time here.
async fn hash_for(app: &App, person: &Person) -> anyhow::Result<&'static PasswordHash> {
    static HASH: OnceCell<PasswordHash> = OnceCell::const_new();
    let password = Password::choose(PASSWORD.to_owned(), person.email)?;
    Ok(HASH.get_or_init(|| app.passwords.hash(password)).await)
}

async fn account_of(app: &App, person: &Person) -> anyhow::Result<String> {
    let address = Address::parse(person.email)?;
    let now = app.clock.now();
    let known = queries::accounts::by_email(&app.pool, &address.key).await?;
    let account = if let Some(known) = known {
        known.id
    } else {
        let hash = hash_for(app, person).await?;
        let mut transaction = app.pool.begin().await?;
        let account = accounts::create(&mut transaction, app, &address, hash)
            .await?
            .context("the address was taken meanwhile")?;
        let id = ConnectionId(app.random.uuid(&app.clock));
        let scopes: Vec<String> = crate::intervals::Area::OF_EVERYBODY
            .iter()
            .map(|area| format!("{}:WRITE", area.as_str()))
            .collect();
        let connection = NewConnection {
            id,
            account_id: account,
            athlete_id: person.athlete_id,
            athlete_name: person.name,
            kind: ConnectionKind::OAuth,
            scopes: &scopes,
            scopes_before: None,
            now,
        };
        let sealed = app
            .keys
            .seal(connection::token_place(id), person.token.as_bytes(), &app.random);
        queries::connections::connect(&mut *transaction, connection, &sealed).await?;
        transaction.commit().await?;
        account
    };
    let link = queries::connectors::of_account(&app.pool, account)
        .await?
        .context("every account has a link")?;
    connector::url(app, &link).context("the link opens with our own key")
}
