//! Keeps answers for a minute, and sends one request for everyone who asks the same at the same time.
//!
//! A key begins with the connection and its write number: no answer crosses from one athlete to another, and none from
//! before a write is used after it. Errors are not kept.

use std::{
    any::{Any, TypeId},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::{Instant, timeout_at};

use super::{
    error::{Error, Failure},
    settings::Limits,
};
use crate::ids::ConnectionId;

/// The key of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) connection: ConnectionId,
    pub(super) write_number: i64,
    /// Path and query.
    pub(super) question: String,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    weight: u32,
}

/// A value read from an answer.
pub(super) struct Fresh<T> {
    pub(super) value: T,
    /// Estimated bytes in memory.
    pub(super) weight: usize,
}

/// By key and type: two readers of one question do not get each other's values.
pub(super) struct Cache(moka::future::Cache<(Key, TypeId), Entry>);

impl Cache {
    pub(super) fn new(limits: &Limits) -> Self {
        let cache = moka::future::Cache::builder()
            .max_capacity(limits.cache_bytes)
            .weigher(|(key, _): &(Key, TypeId), entry: &Entry| {
                let key = u32::try_from(key.question.len()).unwrap_or(u32::MAX);
                entry.weight.saturating_add(key).saturating_add(128)
            })
            .time_to_live(limits.cache_for)
            .build();
        Self(cache)
    }

    /// The kept answer, if there is one.
    pub(super) async fn kept<T: Any + Send + Sync>(&self, key: Key) -> Option<Arc<T>> {
        let entry = self.0.get(&(key, TypeId::of::<T>())).await?;
        entry.value.downcast().ok()
    }

    /// The kept answer, the one that `ask` fetches, or the one that another caller's `ask` for the same is fetching, in any
    /// case by `deadline`. If the caller that asks hangs up or runs out of time, the next one that waits asks.
    pub(super) async fn get<T, F>(
        &self,
        key: Key,
        deadline: Instant,
        ask: impl Fn() -> F,
    ) -> Result<Arc<T>, Error>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<Fresh<T>, Failure>>,
    {
        let key = (key, TypeId::of::<T>());
        loop {
            let asked = AtomicBool::new(false);
            let flight = self.0.try_get_with(key.clone(), async {
                asked.store(true, Ordering::Relaxed);
                let Fresh { value, weight } = ask().await?;
                Ok::<_, Failure>(Entry {
                    value: Arc::new(value),
                    weight: u32::try_from(weight).unwrap_or(u32::MAX),
                })
            });
            match timeout_at(deadline, flight).await {
                Err(_) => return Err(Error::TimedOut),
                // The type is part of the key.
                Ok(Ok(entry)) => return entry.value.downcast().map_err(|_| Error::Garbled),
                Ok(Err(failure)) if failure.own && !asked.load(Ordering::Relaxed) => {}
                Ok(Err(failure)) => return Err(failure.error.clone()),
            }
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicU32, time::Duration};

    use tokio::sync::Notify;
    use uuid::Uuid;

    use super::*;

    fn key(connection: u128, write_number: i64) -> Key {
        Key {
            connection: ConnectionId(Uuid::from_u128(connection)),
            write_number,
            question: "/api/v1/athlete/i1".to_owned(),
        }
    }

    fn cache() -> Arc<Cache> {
        Arc::new(Cache::new(&Limits::default()))
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    fn fresh(value: u32) -> Fresh<u32> {
        Fresh { value, weight: 4 }
    }

    #[tokio::test]
    async fn the_same_question_is_asked_once_and_no_other_shares_its_answer() {
        let cache = cache();
        let asked = AtomicU32::new(0);
        let ask = |key| {
            cache.get(key, later(), || async {
                Ok(fresh(asked.fetch_add(1, Ordering::SeqCst)))
            })
        };
        let (a, b) = tokio::join!(ask(key(1, 0)), ask(key(1, 0)));
        assert_eq!((*a.unwrap(), *b.unwrap()), (0, 0));
        assert_eq!(*ask(key(1, 0)).await.unwrap(), 0);
        assert_eq!(*ask(key(2, 0)).await.unwrap(), 1, "another connection");
        assert_eq!(*ask(key(1, 1)).await.unwrap(), 2, "after a write");
    }

    #[tokio::test]
    async fn two_readers_of_one_question_do_not_meet() {
        let cache = cache();
        assert_eq!(
            *cache
                .get(key(1, 0), later(), || async { Ok(fresh(7)) })
                .await
                .unwrap(),
            7
        );
        let text = || async {
            Ok(Fresh {
                value: "seven",
                weight: 5,
            })
        };
        assert_eq!(*cache.get(key(1, 0), later(), text).await.unwrap(), "seven");
    }

    #[tokio::test]
    async fn errors_are_shared_but_not_kept() {
        let cache = cache();
        let asked = AtomicU32::new(0);
        let ask = || {
            cache.get::<u32, _>(key(1, 0), later(), || async {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Err(Failure::shared(Error::Unauthorized))
            })
        };
        let (a, b) = tokio::join!(ask(), ask());
        assert_eq!(
            (a.unwrap_err(), b.unwrap_err()),
            (Error::Unauthorized, Error::Unauthorized)
        );
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        ask().await.unwrap_err();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_caller_that_hangs_up_or_runs_out_of_time_spoils_nothing() {
        for hang_up in [true, false] {
            let cache = cache();
            let started = Arc::new(Notify::new());
            let leader = tokio::spawn({
                let (cache, started) = (Arc::clone(&cache), Arc::clone(&started));
                async move {
                    let ask = || async {
                        started.notify_one();
                        if hang_up {
                            std::future::pending::<()>().await;
                        }
                        tokio::task::yield_now().await;
                        Err(Failure::own(Error::TimedOut))
                    };
                    cache.get::<u32, _>(key(1, 0), later(), ask).await
                }
            });
            started.notified().await;
            let follower = cache.get(key(1, 0), later(), || async { Ok(fresh(7)) });
            tokio::pin!(follower);
            assert!(futures::poll!(&mut follower).is_pending(), "waits for the leader");
            if hang_up {
                leader.abort();
            }
            assert_eq!(*follower.await.unwrap(), 7);
            assert!(matches!(leader.await, Err(_) | Ok(Err(Error::TimedOut))));
        }
    }

    #[tokio::test]
    async fn a_caller_that_waits_for_another_keeps_its_own_deadline() {
        let cache = cache();
        let slow = cache.get::<u32, _>(key(1, 0), later(), std::future::pending);
        let impatient = cache.get(key(1, 0), Instant::now() + Duration::from_millis(50), || async {
            Ok(fresh(1))
        });
        tokio::select! {
            biased;
            _ = slow => panic!("it never ends"),
            answer = impatient => assert_eq!(answer.unwrap_err(), Error::TimedOut),
        }
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let cache = Cache::new(&Limits {
            cache_bytes: 10_000,
            ..Limits::default()
        });
        for number in 0..200_u32 {
            let big = || async {
                Ok(Fresh {
                    value: number,
                    weight: 1000,
                })
            };
            cache.get(key(u128::from(number), 0), later(), big).await.unwrap();
        }
        cache.0.run_pending_tasks().await;
        assert!(cache.0.weighted_size() <= 10_000);
        // An answer larger than the whole cache is returned, but not kept.
        let huge = || async {
            Ok(Fresh {
                value: 1_u32,
                weight: 20_000,
            })
        };
        assert_eq!(*cache.get(key(999, 0), later(), huge).await.unwrap(), 1);
        cache.0.run_pending_tasks().await;
        assert!(cache.0.weighted_size() <= 10_000);
    }
}
