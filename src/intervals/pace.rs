//! So many requests a second from this process, handed out fairly: whoever waits gets a turn before anyone gets a
//! second one, however many requests one caller has waiting.
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

use super::CallerKey;

/// Upstream counts an address's requests by the second.
const WINDOW: Duration = Duration::from_secs(1);

/// At most `per_window` starts in any second: a window that slides, not a bucket that could pour twice its size.
#[derive(Debug)]
pub(super) struct Pace {
    per_window: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
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
    /// How long the queue takes at present.
    pub(super) wait: Duration,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_window: usize::try_from(per_second.max(1)).unwrap_or(1),
            state: Mutex::default(),
        }
    }

    /// Waits for a turn of `caller`, which counts as started when this returns. Gives up at once when the queue cannot
    /// come to it before `deadline`. Dropping the future leaves the queue.
    pub(super) async fn turn(&self, caller: CallerKey, deadline: Instant) -> Result<(), TooLate> {
        let mut ticket = {
            let mut state = self.lock();
            let now = Instant::now();
            state.hand_out(now, self.per_window);
            if state.turns.is_empty() && state.start(now, self.per_window) {
                return Ok(());
            }
            let wait = state.wait_for(caller, now, self.per_window);
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
            let next = self.lock().next_start(self.per_window);
            tokio::select! {
                biased;
                turn = &mut ticket.gone => {
                    ticket.used = turn.is_ok();
                    return turn.map_err(|_| TooLate { wait: WINDOW });
                }
                () = sleep_until(next.min(deadline)) => {
                    let now = Instant::now();
                    self.lock().hand_out(now, self.per_window);
                    // The turn may have come with this very tick; then the deadline is not asked.
                    if now >= deadline && ticket.gone.is_empty() {
                        return Err(TooLate { wait: WINDOW });
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When the next start is allowed; a time in the past means now.
    fn next_start(&self, per_window: usize) -> Instant {
        match self.started.front() {
            Some(oldest) if self.started.len() >= per_window => *oldest + WINDOW,
            _ => Instant::now(),
        }
    }

    /// Counts a start, when one is allowed.
    fn start(&mut self, now: Instant, per_window: usize) -> bool {
        if self.started.len() >= per_window {
            if self.started.front().is_some_and(|oldest| now < *oldest + WINDOW) {
                return false;
            }
            self.started.pop_front();
        }
        self.started.push_back(now);
        true
    }

    /// Gives every start that is allowed now to whoever's turn it is.
    fn hand_out(&mut self, now: Instant, per_window: usize) {
        while !self.turns.is_empty() && self.start(now, per_window) {
            if !self.call_next() {
                self.started.pop_back();
            }
        }
    }

    /// Wakes the caller whose turn it is; false when nobody was there to take it.
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

    /// How long a newcomer of `caller` waits when nobody else comes: with p−1 of its own before it, every other caller
    /// gets up to p turns first.
    fn wait_for(&self, caller: CallerKey, now: Instant, per_window: usize) -> Duration {
        let own = self.waiting.get(&caller).map_or(0, VecDeque::len);
        let others = self
            .waiting
            .iter()
            .filter(|(other, _)| **other != caller)
            .map(|(_, queue)| queue.len().min(own + 1));
        let before = own + others.sum::<usize>();
        let windows = u32::try_from(before / per_window).unwrap_or(u32::MAX);
        let first = self.started.get(before % per_window).copied().unwrap_or(now);
        (first + WINDOW).saturating_duration_since(now) + WINDOW.saturating_mul(windows)
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

/// A place in the queue, given up when dropped.
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
            // Called up but gone before it could start: the start goes to the next.
            state.started.pop_back();
            state.hand_out(Instant::now(), self.pace.per_window);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Mutex as AsyncMutex;
    use uuid::Uuid;

    use super::*;

    fn caller(number: u128) -> CallerKey {
        CallerKey(Uuid::from_u128(number))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_its_share() {
        let pace = Arc::new(Pace::new(8));
        let begin = Instant::now();
        let starts = Arc::new(AsyncMutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..50_u128 {
            let (pace, starts) = (Arc::clone(&pace), Arc::clone(&starts));
            tasks.spawn(async move {
                pace.turn(caller(number % 3), soon()).await.unwrap();
                starts.lock().await.push(begin.elapsed());
            });
        }
        tasks.join_all().await;
        let starts = starts.lock().await;
        assert_eq!(starts.len(), 50);
        for window in starts.windows(9) {
            assert!(window[8] - window[0] >= WINDOW, "{window:?}");
        }
        // 50 at 8 a second: the last ones start in the seventh second, and no later than need be.
        assert_eq!(starts.last().unwrap().as_secs(), 6);
        let state = pace.lock();
        assert!(state.waiting.is_empty() && state.turns.is_empty() && state.started.len() <= 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_does_not_hold_up_the_others() {
        let pace = Arc::new(Pace::new(2));
        let order = Arc::new(AsyncMutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for number in std::iter::repeat_n(1, 40).chain([2, 3]) {
            let (pace, order) = (Arc::clone(&pace), Arc::clone(&order));
            tasks.spawn(async move {
                pace.turn(caller(number), soon()).await.unwrap();
                order.lock().await.push(number);
            });
        }
        tasks.join_all().await;
        let order = order.lock().await;
        // The first window is spent before the two arrive; then each gets a turn before the flood gets a second one.
        for late in [2, 3] {
            let place = order.iter().position(|number| *number == late).unwrap();
            assert!(place < 6, "{late} came {place}th");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_would_come_too_late_is_told_at_once() {
        let pace = Arc::new(Pace::new(1));
        pace.turn(caller(1), soon()).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let pace = Arc::clone(&pace);
            waiting.spawn(async move { pace.turn(caller(1), soon()).await });
        }
        tokio::task::yield_now().await;
        let begin = Instant::now();
        let refused = pace.turn(caller(1), begin + Duration::from_secs(3)).await;
        assert!(refused.is_err_and(|late| late.wait >= Duration::from_secs(5)));
        assert_eq!(begin.elapsed(), Duration::ZERO);
        // Another caller has its turn within the same time.
        assert!(pace.turn(caller(2), begin + Duration::from_secs(3)).await.is_ok());
        waiting.join_all().await;
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_hangs_up_leaves_no_trace() {
        let pace = Arc::new(Pace::new(1));
        pace.turn(caller(1), soon()).await.unwrap();
        let first = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn(caller(2), soon()).await }
        });
        let second = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn(caller(3), soon()).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.is_err());
        let begin = Instant::now();
        second.await.unwrap().unwrap();
        assert!(begin.elapsed() <= WINDOW + Duration::from_millis(2));
        assert!(pace.lock().waiting.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_takes_goes_to_the_next() {
        let pace = Pace::new(1);
        pace.turn(caller(1), soon()).await.unwrap();
        let (go, gone) = oneshot::channel();
        let number = pace.lock().enter(caller(2), go);
        let ticket = Ticket {
            pace: &pace,
            caller: caller(2),
            number,
            gone,
            used: false,
        };
        tokio::time::advance(WINDOW).await;
        pace.lock().hand_out(Instant::now(), 1);
        drop(ticket);
        let begin = Instant::now();
        pace.turn(caller(3), soon()).await.unwrap();
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
