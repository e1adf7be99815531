//! An object store that fails as told, for several processes at once and in virtual time.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result, memory::InMemory, path::Path,
};
use tokio::time::Instant;

use crate::{Environment, RemoteStore, StoreSettings, shared::lock};

/// What the network and the store do to requests; chances are in thousandths.
#[derive(Debug, Clone, Default)]
pub(super) struct Weather {
    pub(super) fails: u64,
    /// The request succeeds and the answer is lost.
    pub(super) loses_answers: u64,
    /// The request fails for its sender and takes effect later.
    pub(super) lands_late: u64,
    pub(super) delay_ms_max: u64,
    /// Lists say what was true this long ago.
    pub(super) lists_lag_ms: u64,
    pub(super) is_down: bool,
}

/// When an object appeared and went.
struct Life {
    meta: ObjectMeta,
    from: Instant,
    until: Option<Instant>,
}

type Hook = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// The store, its weather and its dice.
pub(super) struct World {
    pub(super) objects: InMemory,
    pub(super) weather: Mutex<Weather>,
    lives: Mutex<BTreeMap<Path, Life>>,
    dice: AtomicU64,
    start: Instant,
    pub(super) puts: AtomicU64,
}

impl World {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            objects: InMemory::new(),
            weather: Mutex::default(),
            lives: Mutex::default(),
            dice: AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            start: Instant::now(),
            puts: AtomicU64::new(0),
        })
    }

    /// Splitmix64.
    pub(super) fn draw(&self) -> u64 {
        let state = self
            .dice
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&self, limit: u64) -> u64 {
        self.draw() % limit.max(1)
    }

    /// A process with its own way to the store, and settings without grace and timers.
    pub(super) fn process(self: &Arc<Self>) -> (StoreSettings, Process) {
        let process = Process(Arc::new(Line {
            world: Arc::clone(self),
            is_cut: AtomicBool::new(false),
            steps_left: AtomicI64::new(i64::MAX),
            hook: Mutex::default(),
        }));
        let remote = RemoteStore::new(Arc::new(process.clone()), "world");
        let mut settings = StoreSettings::direct(remote);
        settings.grace_ms = 0;
        settings.garbage_interval_ms = 0;
        settings.poll_interval_ms = 0;
        settings.adopt_after_ms = 0;
        settings.environment = self.environment();
        (settings, process)
    }

    pub(super) fn environment(self: &Arc<Self>) -> Environment {
        let (clock, dice) = (Arc::clone(self), Arc::clone(self));
        Environment {
            now_ms: Arc::new(move || 1_700_000_000_000 + clock.start.elapsed().as_millis() as u64),
            random: Arc::new(move || (u128::from(dice.draw()) << 64) | u128::from(dice.draw())),
            on_fatal: Arc::new(|problem| panic!("{problem}")),
            ..Environment::default()
        }
    }

    pub(super) async fn names(&self, suffix: &str) -> Vec<String> {
        let listed: Vec<ObjectMeta> = self.objects.list(None).try_collect().await.unwrap();
        let mut names: Vec<_> = listed.iter().map(|m| m.location.to_string()).collect();
        names.retain(|name| name.ends_with(suffix));
        names.sort();
        names
    }

    async fn put(&self, location: &Path, payload: PutPayload) -> Result<PutResult> {
        let put = self.objects.put(location, payload).await?;
        let meta = self.objects.head(location).await?;
        let mut lives = lock(&self.lives);
        let life = lives.entry(location.clone()).or_insert_with(|| Life {
            meta: meta.clone(),
            from: Instant::now(),
            until: None,
        });
        life.meta = meta;
        life.until = None;
        Ok(put)
    }

    async fn delete(&self, location: &Path) -> Result<()> {
        if let Some(life) = lock(&self.lives).get_mut(location) {
            life.until.get_or_insert_with(Instant::now);
        }
        self.objects.delete(location).await
    }

    fn listed(&self, prefix: Option<&Path>) -> Vec<ObjectMeta> {
        let lag = Duration::from_millis(lock(&self.weather).lists_lag_ms);
        let was_there = |life: &&Life| {
            life.from.elapsed() >= lag && life.until.is_none_or(|until| until.elapsed() < lag)
        };
        let lives = lock(&self.lives);
        let lives = lives.values().filter(was_there);
        let inside = lives.filter(|l| prefix.is_none_or(|p| l.meta.location.prefix_matches(p)));
        inside.map(|life| life.meta.clone()).collect()
    }
}

/// One process's handle: cut, it reaches nothing any more, as if the process had died.
#[derive(Clone)]
pub(super) struct Process(Arc<Line>);

struct Line {
    world: Arc<World>,
    is_cut: AtomicBool,
    steps_left: AtomicI64,
    hook: Mutex<Option<(String, Hook)>>,
}

impl Process {
    pub(super) fn cut(&self) {
        self.0.is_cut.store(true, Ordering::SeqCst);
    }

    /// Cuts after so many more steps, of which each request has two: its way there and back.
    pub(super) fn cut_after(&self, steps: u64) {
        self.0.steps_left.store(steps as i64, Ordering::SeqCst);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.0.is_cut.load(Ordering::SeqCst)
    }

    /// Runs something once, just before the next request for a name or prefix that begins so.
    pub(super) fn before(&self, name: &str, hook: impl Future<Output = ()> + Send + 'static) {
        let hook: Hook = Box::new(move || Box::pin(hook));
        *lock(&self.0.hook) = Some((name.to_owned(), hook));
    }

    async fn step(&self) -> Result<()> {
        if self.0.steps_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.cut();
        }
        if self.is_cut() {
            // A dead process waits for ever; an error stands for that and ends its tasks.
            return Err(failed("the process is gone"));
        }
        Ok(())
    }

    /// The way there. True: the request takes effect, but only later.
    async fn set_out(&self, name: &str) -> Result<bool> {
        let hook = lock(&self.0.hook).take_if(|(start, _)| name.starts_with(start.as_str()));
        if let Some((_, hook)) = hook {
            hook().await;
        }
        self.step().await?;
        let weather = lock(&self.0.world.weather).clone();
        if weather.delay_ms_max > 0 {
            let ms = self.0.world.below(weather.delay_ms_max);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if weather.is_down || self.0.world.below(1000) < weather.fails {
            return Err(failed("injected"));
        }
        Ok(self.0.world.below(1000) < weather.lands_late)
    }

    /// The way back.
    async fn come_back(&self) -> Result<()> {
        self.step().await?;
        let loses = lock(&self.0.world.weather).loses_answers;
        if self.0.world.below(1000) < loses {
            return Err(failed("the answer was lost"));
        }
        Ok(())
    }
}

fn failed(why: &'static str) -> Error {
    Error::Generic {
        store: "world",
        source: why.into(),
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Process {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        _: PutOptions,
    ) -> Result<PutResult> {
        let lands_late = self.set_out(location.as_ref()).await?;
        self.0.world.puts.fetch_add(1, Ordering::Relaxed);
        if lands_late {
            let (world, location) = (Arc::clone(&self.0.world), location.clone());
            let ms = world.below(3_000);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                world.put(&location, payload).await.unwrap();
            });
            return Err(failed("no answer in time"));
        }
        let put = self.0.world.put(location, payload).await?;
        self.come_back().await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        panic!("objects are stored by single requests")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.set_out(location.as_ref()).await?;
        let got = self.0.world.objects.get_opts(location, options).await?;
        self.come_back().await?;
        Ok(got)
    }

    async fn get_ranges(&self, _: &Path, _: &[Range<u64>]) -> Result<Vec<bytes::Bytes>> {
        panic!("not used")
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let way = self.clone();
        let deleted = locations.and_then(move |location| {
            let way = way.clone();
            async move {
                way.set_out(location.as_ref()).await?;
                way.0.world.delete(&location).await?;
                way.come_back().await?;
                Ok(location)
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (way, prefix) = (self.clone(), prefix.cloned());
        let listed = async move {
            let name = prefix.as_ref().map_or("", |prefix| prefix.as_ref());
            way.set_out(name).await?;
            let listed = way.0.world.listed(prefix.as_ref());
            way.come_back().await?;
            Ok::<_, Error>(futures_util::stream::iter(listed.into_iter().map(Ok)))
        };
        futures_util::stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        panic!("not used")
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        panic!("objects are never copied")
    }
}
