//! The queue's worker in the running service: work that stops is started again, and the front door shows it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use icusync::jobs;
use tokio_util::sync::CancellationToken;

use crate::world::{self, Mcp, test};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_panics_is_missed_on_readyz_and_begun_again() {
    test(async |world| {
        let http = Mcp::client();
        let ready = async || {
            let answer = http.get(format!("{}/readyz", world.web)).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let until = async |wanted: (u16, &str)| {
            let reported = async {
                loop {
                    let (status, text) = ready().await;
                    if (status, text.as_str()) == wanted {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), reported)
                .await
                .unwrap_or_else(|_| panic!("{wanted:?} in time"));
        };
        assert_eq!(
            ready().await,
            (200, "ready\n".to_owned()),
            "nobody has begun to work yet"
        );
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(jobs::run(world.app.clone(), shutdown.clone()));
        // At the end of time no job can be claimed for a minute: the sum panics.
        world.clock.set(DateTime::<Utc>::MAX_UTC);
        until((503, "nobody works on the queue; the log says why\n")).await;
        world.clock.set(world::NOW.parse().unwrap());
        until((200, "ready\n")).await;
        let ana = world.ana().person.email;
        let asked = world.browser().post("/forgot", &[("email", ana)]).await;
        assert_eq!(asked.status, 303);
        let mailed = async {
            while world.mails.all().iter().all(|mail| mail.to != ana) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), mailed)
            .await
            .expect("a mail");
        shutdown.cancel();
        worker.await.unwrap();
        assert_eq!(
            ready().await.0,
            200,
            "a worker that was asked to stop is not missed"
        );
    })
    .await;
}
