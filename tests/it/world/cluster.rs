//! One throw-away PostgreSQL per test run, one database per test, cloned from a migrated template.

use std::{
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use icusync::postgres::{self, Cluster, Kind, Options};
use sqlx::{Connection as _, Executor as _, PgConnection};

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The run's cluster. It outlives every test's runtime, so it has a thread and a runtime of its own; it ends with the
/// process.
fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        std::thread::spawn(|| {
            let runtime = Box::leak(Box::new(tokio::runtime::Runtime::new().unwrap()));
            runtime.block_on(async {
                let data_dir = folder().join(format!("icusync-it-{}", std::process::id()));
                let cluster = postgres::start(Options {
                    data_dir,
                    run_as: None,
                    kind: Kind::Throwaway,
                })
                .await
                .unwrap();
                refuse_another_than_named(&cluster).await;
                let template = icusync::start::Reach::at(&cluster.url()).unwrap();
                template.migrate().await.unwrap();
                cluster
            })
        })
        .join()
        .expect("a private PostgreSQL")
    })
}

/// In memory where there is enough of it: each test makes and drops a database of some three hundred files, which takes a file
/// system longer than the test's queries take.
fn folder() -> PathBuf {
    const ENOUGH: u64 = 4 << 30;
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    match free {
        Ok(free) if free >= ENOUGH => memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// A run may name its major version of PostgreSQL; otherwise any other version would pass for it unnoticed.
async fn refuse_another_than_named(cluster: &Cluster) {
    let Ok(major) = std::env::var("ICUSYNC_POSTGRES_MAJOR") else {
        return;
    };
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let version: String = sqlx::query_scalar("show server_version")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(
        version.starts_with(&format!("{major}.")),
        "PostgreSQL {version}, not {major}"
    );
}

/// The URL of a database of this run's cluster.
pub fn url_of(database: &str) -> String {
    tokio::task::block_in_place(cluster).url_for(database)
}

/// Makes a migrated database and returns its name.
pub async fn fresh_database() -> String {
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    let name = format!("world_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    // The maintenance database: a template must have no connections while it is cloned.
    let mut connection = PgConnection::connect(&cluster.url_for("postgres")).await.unwrap();
    connection
        .execute(sqlx::AssertSqlSafe(format!(
            "create database {name} template icusync"
        )))
        .await
        .unwrap();
    connection.close().await.unwrap();
    name
}

/// Drops a database of this run: together, all of them would fill a small disk.
pub async fn drop_database(name: &str) {
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url_for("postgres")).await.unwrap();
    connection
        .execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)")))
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// A folder for this run that does not exist yet, in a place that every user can pass through.
pub fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("icusync-{name}-{}", std::process::id()))
}
