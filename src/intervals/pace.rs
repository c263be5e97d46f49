//! The requests per second of this process, shared fairly: every waiting caller gets a turn before any caller gets a
//! second one, however many requests that one has waiting.
//!
//! Nothing about days, athletes or upstream's counters here; see [`super::budget`].

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};

use super::asker::CallerKey;

/// Upstream counts the requests of an IP address per second.
const WINDOW: Duration = Duration::from_secs(1);

/// At most `per_window` starts in any second: a sliding window, not a bucket that could pour out twice its size.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    per_window: usize,
    window: Duration,
    /// The newest starts, oldest first; never more than `per_window`.
    started: VecDeque<Instant>,
    /// Callers with someone waiting, in the order of their turns.
    turns: VecDeque<CallerKey>,
    waiting: HashMap<CallerKey, VecDeque<Waiter>>,
    next: u64,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    go: oneshot::Sender<()>,
}

/// The turn would come too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLate {
    /// How long the queue takes now.
    pub(super) wait: Duration,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self(Mutex::new(State::new(per_second, WINDOW)))
    }

    /// Waits for a turn of `caller`, which counts as started when this returns. Fails immediately if its turn cannot come
    /// before `deadline`. Dropping the future leaves the queue.
    pub(super) async fn turn(&self, caller: CallerKey, deadline: Instant) -> Result<(), TooLate> {
        let mut ticket = {
            let mut state = self.lock();
            let now = Instant::now();
            state.hand_out(now);
            if state.turns.is_empty() && state.start(now) {
                return Ok(());
            }
            let wait = state.wait_for(caller, now);
            if now + wait > deadline {
                return Err(TooLate { wait });
            }
            let (go, gone) = oneshot::channel();
            let number = state.enter(caller, go);
            Ticket {
                pace: self,
                caller,
                number,
                gone,
                used: false,
            }
        };
        loop {
            let next = self.lock().next_start().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                turn = &mut ticket.gone => {
                    ticket.used = turn.is_ok();
                    return turn.map_err(|_| TooLate { wait: WINDOW });
                }
                () = sleep_until(next.min(deadline)) => {
                    let now = Instant::now();
                    self.lock().hand_out(now);
                    // The turn may have come at this very tick; then the deadline does not matter.
                    if now >= deadline && ticket.gone.is_empty() {
                        return Err(TooLate { wait: WINDOW });
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(per_window: u32, window: Duration) -> Self {
        Self {
            per_window: usize::try_from(per_window.max(1)).unwrap_or(1),
            window,
            started: VecDeque::new(),
            turns: VecDeque::new(),
            waiting: HashMap::new(),
            next: 0,
        }
    }

    /// When the next start is allowed; None if it is now.
    fn next_start(&self) -> Option<Instant> {
        let oldest = self.started.front()?;
        (self.started.len() >= self.per_window).then_some(*oldest + self.window)
    }

    /// Counts a start, if one is allowed.
    fn start(&mut self, now: Instant) -> bool {
        if let Some(next) = self.next_start() {
            if now < next {
                return false;
            }
            self.started.pop_front();
        }
        self.started.push_back(now);
        true
    }

    /// Gives each start that is allowed now to the caller whose turn it is.
    fn hand_out(&mut self, now: Instant) {
        while !self.turns.is_empty() && self.start(now) {
            if !self.call_next() {
                self.started.pop_back();
            }
        }
    }

    /// Wakes the caller whose turn it is; false if no one was waiting.
    fn call_next(&mut self) -> bool {
        let Some(caller) = self.turns.pop_front() else {
            return false;
        };
        let Some(queue) = self.waiting.get_mut(&caller) else {
            return false;
        };
        let taken = queue.pop_front().is_some_and(|waiter| waiter.go.send(()).is_ok());
        if queue.is_empty() {
            self.waiting.remove(&caller);
        } else {
            self.turns.push_back(caller);
        }
        taken
    }

    /// How long a new request of `caller` waits if no other comes: with p−1 of its own before it, every other caller gets up
    /// to p turns first.
    fn wait_for(&self, caller: CallerKey, now: Instant) -> Duration {
        let own = self.waiting.get(&caller).map_or(0, VecDeque::len);
        let others = self
            .waiting
            .iter()
            .filter(|(other, _)| **other != caller)
            .map(|(_, queue)| queue.len().min(own + 1));
        let before = own + others.sum::<usize>();
        let windows = u32::try_from(before / self.per_window).unwrap_or(u32::MAX);
        let first = self.started.get(before % self.per_window).copied().unwrap_or(now);
        (first + self.window).saturating_duration_since(now) + self.window.saturating_mul(windows)
    }

    fn enter(&mut self, caller: CallerKey, go: oneshot::Sender<()>) -> u64 {
        self.next += 1;
        let number = self.next;
        let queue = self.waiting.entry(caller).or_default();
        if queue.is_empty() {
            self.turns.push_back(caller);
        }
        queue.push_back(Waiter { number, go });
        number
    }

    fn leave(&mut self, caller: CallerKey, number: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(&caller) else {
            return false;
        };
        let before = queue.len();
        queue.retain(|waiter| waiter.number != number);
        let left = queue.len() < before;
        if queue.is_empty() {
            self.waiting.remove(&caller);
            self.turns.retain(|turn| *turn != caller);
        }
        left
    }
}

/// A place in the queue, left when dropped.
struct Ticket<'a> {
    pace: &'a Pace,
    caller: CallerKey,
    number: u64,
    gone: oneshot::Receiver<()>,
    used: bool,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let mut state = self.pace.lock();
        if !state.leave(self.caller, self.number) {
            // It left after its turn had come: the start goes to the next.
            state.started.pop_back();
            state.hand_out(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;

    fn caller(number: u128) -> CallerKey {
        CallerKey(Uuid::from_u128(number))
    }

    /// Queues the callers at `begin`, and returns who started when, in windows since then.
    fn played(
        state: &mut State,
        begin: Instant,
        callers: impl IntoIterator<Item = u128>,
    ) -> Vec<(u128, Instant)> {
        let mut waiting: Vec<_> = callers
            .into_iter()
            .map(|number| {
                let (go, gone) = oneshot::channel();
                state.enter(caller(number), go);
                (number, gone)
            })
            .collect();
        let mut started = Vec::new();
        let mut now = begin;
        while !waiting.is_empty() {
            state.hand_out(now);
            waiting.retain_mut(|(number, gone)| {
                let here = gone.try_recv().is_ok();
                if here {
                    started.push((*number, now));
                }
                !here
            });
            now = state.next_start().unwrap_or(now);
        }
        started
    }

    #[test]
    fn no_second_sees_more_than_its_share() {
        let mut state = State::new(8, WINDOW);
        let begin = Instant::now();
        let starts = played(&mut state, begin, (0..50).map(|number| number % 3));
        assert_eq!(starts.len(), 50);
        for nine in starts.windows(9) {
            assert!(nine[8].1 - nine[0].1 >= WINDOW);
        }
        // 50 at 8 per second: the last ones start in the seventh second, no later than necessary.
        assert_eq!(starts.last().unwrap().1 - begin, WINDOW * 6);
        assert!(state.waiting.is_empty() && state.turns.is_empty() && state.started.len() <= 8);
    }

    #[test]
    fn a_flood_does_not_hold_up_the_others() {
        let flood = std::iter::repeat_n(1, 40).chain([2, 3, 3]);
        let starts = played(&mut State::new(2, WINDOW), Instant::now(), flood);
        let order: Vec<_> = starts.iter().map(|(number, _)| *number).collect();
        // Two start in each second: every caller once, then the remaining ones again.
        assert_eq!(order[..2], [1, 2]);
        assert_eq!(order[2..4], [1, 3]);
        assert_eq!(order[4..6], [1, 3]);
        assert!(order[6..].iter().all(|number| *number == 1));
    }

    #[test]
    fn the_wait_is_known_before_it_begins() {
        let mut state = State::new(1, WINDOW);
        let now = Instant::now();
        assert!(state.start(now) && !state.start(now));
        let mut waiting = Vec::new();
        for _ in 0..5 {
            let (go, gone) = oneshot::channel();
            state.enter(caller(1), go);
            waiting.push(gone);
        }
        assert_eq!(state.wait_for(caller(1), now), WINDOW * 6);
        assert_eq!(state.wait_for(caller(2), now), WINDOW * 2);
        assert_eq!(state.wait_for(caller(2), now + WINDOW / 2), WINDOW * 3 / 2);
    }

    #[tokio::test]
    async fn a_turn_that_would_come_too_late_fails_immediately() {
        let pace = Pace::new(1);
        let deadline = Instant::now() + WINDOW / 2;
        pace.turn(caller(1), deadline).await.unwrap();
        let late = pace.turn(caller(2), deadline).await.unwrap_err();
        assert!(late.wait > WINDOW / 4 && late.wait <= WINDOW);
        assert!(Instant::now() < deadline);
    }

    #[tokio::test]
    async fn turns_come_automatically() {
        let window = Duration::from_millis(20);
        let pace = Arc::new(Pace(Mutex::new(State::new(2, window))));
        let begin = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..9 {
            let pace = Arc::clone(&pace);
            tasks.spawn(async move { pace.turn(caller(number % 2), begin + WINDOW * 20).await });
        }
        assert!(tasks.join_all().await.iter().all(Result::is_ok));
        assert!(begin.elapsed() >= window * 4);
    }

    #[tokio::test]
    async fn a_caller_that_hangs_up_leaves_no_trace() {
        let window = Duration::from_millis(100);
        let pace = Pace(Mutex::new(State::new(1, window)));
        let deadline = Instant::now() + WINDOW * 20;
        pace.turn(caller(1), deadline).await.unwrap();
        let mut first = Box::pin(pace.turn(caller(2), deadline));
        let mut second = Box::pin(pace.turn(caller(3), deadline));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(pace.lock().turns, [caller(3)]);
        second.await.unwrap();
        assert!(pace.lock().waiting.is_empty() && pace.lock().turns.is_empty());
    }

    #[tokio::test]
    async fn an_unused_turn_goes_to_the_next() {
        let pace = Pace::new(1);
        let now = Instant::now();
        let (go, gone) = oneshot::channel();
        let number = pace.lock().enter(caller(2), go);
        let ticket = Ticket {
            pace: &pace,
            caller: caller(2),
            number,
            gone,
            used: false,
        };
        pace.lock().hand_out(now);
        let (go, mut next) = oneshot::channel();
        pace.lock().enter(caller(3), go);
        pace.lock().hand_out(now);
        assert!(next.try_recv().is_err());
        drop(ticket);
        assert!(next.try_recv().is_ok());
    }
}
