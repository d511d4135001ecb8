//! The private PostgreSQL: made, found again, killed in every way, side by side, below long paths, by root and by an ordinary user.
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use zencall::platform::private_pg::{self, PrivatePg, is_root};

const NOBODY: u32 = 65534;

/// A data folder that the server's user can enter, removed at the end together with whatever still runs in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    fn below(parent: &Path) -> Self {
        let path = parent.join(format!("zc-pg-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path.canonicalize().unwrap())
    }

    fn cluster(&self) -> PathBuf {
        self.0.join("postgres/data")
    }

    fn postmaster(&self) -> u32 {
        let lock = fs::read_to_string(self.cluster().join("postmaster.pid")).unwrap();
        lock.lines().next().unwrap().trim().parse().unwrap()
    }

    fn processes(&self) -> Vec<u32> {
        let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        all.filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == self.cluster())).collect()
    }

    fn kill_all(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while !self.processes().is_empty() && Instant::now() < until {
            self.processes().into_iter().for_each(kill);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The stale number belongs to another process by now, as it will in a container.
    fn reuse_the_number_in_the_lock_file(&self) {
        let lock = self.cluster().join("postmaster.pid");
        let stale = fs::read_to_string(&lock).unwrap();
        let (_, rest) = stale.split_once('\n').unwrap();
        fs::write(&lock, format!("{}\n{rest}", std::process::id())).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.kill_all();
        fs::remove_dir_all(&self.0).ok();
    }
}

fn kill(pid: u32) {
    Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
}

async fn run(cluster: &PrivatePg, sql: &'static str) -> sqlx::Result<Option<i32>> {
    let mut connection = PgConnection::connect(&cluster.url).await?;
    let answer = sqlx::query_scalar(sql).fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(answer)
}

async fn remembers(cluster: &PrivatePg) -> Option<i32> {
    run(cluster, "select n from memory").await.unwrap()
}

async fn remember(cluster: &PrivatePg) {
    run(cluster, "create table memory (n int)").await.unwrap();
    run(cluster, "insert into memory values (42)").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_once_and_found_again_after_a_graceful_stop() {
    let folder = Folder::new();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    remember(&cluster).await;
    assert_eq!(fs::metadata(cluster.socket_folder()).unwrap().permissions().mode() & 0o777, 0o700, "whoever reaches the socket is let in");
    assert_eq!(run(&cluster, "select count(*)::int from pg_settings where name = 'fsync' and setting = 'on'").await.unwrap(), Some(1));
    cluster.stop().await.unwrap();
    assert_eq!(folder.processes(), Vec::<u32>::new(), "no server is left behind");

    let again = Instant::now();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert!(again.elapsed() < Duration::from_secs(5), "a second start took {:?}", again.elapsed());
    assert_eq!(remembers(&cluster).await, Some(42));
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_leaves_a_server_that_the_next_start_takes_over() {
    die_if_told_to().await;
    let folder = Folder::new();
    a_program_that_dies(&folder, "private_pg::a_killed_program_leaves_a_server_that_the_next_start_takes_over");
    let before = folder.postmaster();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert_eq!((folder.postmaster(), remembers(&cluster).await), (before, Some(42)));
    cluster.stop().await.unwrap();
    assert_eq!(folder.processes(), Vec::<u32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_everything_was_killed_the_next_start_recovers() {
    die_if_told_to().await;
    let folder = Folder::new();
    a_program_that_dies(&folder, "private_pg::when_everything_was_killed_the_next_start_recovers");
    folder.kill_all();
    folder.reuse_the_number_in_the_lock_file();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert_eq!(remembers(&cluster).await, Some(42));
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_later_leaves_no_server_behind() {
    let folder = Folder::new();
    drop(private_pg::start(&folder.0).await.unwrap());
    assert_eq!(folder.processes(), Vec::<u32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_the_running_program_comes_back() {
    let folder = Folder::new();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    remember(&cluster).await;
    kill(folder.postmaster());
    let until = Instant::now() + Duration::from_secs(20);
    while run(&cluster, "select n from memory").await.is_err() {
        assert!(Instant::now() < until, "the server did not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    cluster.stop().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await; // longer than the watcher's pause
    assert_eq!(folder.processes(), Vec::<u32>::new(), "what was stopped on purpose stays stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_folders_are_two_clusters() {
    let (left, right) = (Folder::new(), Folder::new());
    let (first, second) = tokio::join!(private_pg::start(&left.0), private_pg::start(&right.0));
    let (first, second) = (first.unwrap(), second.unwrap());
    remember(&first).await;
    assert!(run(&second, "select n from memory").await.is_err(), "the other cluster knows nothing of it");
    first.stop().await.unwrap();
    assert_eq!(run(&second, "select 1").await.unwrap(), Some(1), "stopping one leaves the other alone");
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_one_cluster_and_the_last_one_stops_it() {
    let folder = Folder::new();
    let started = tokio::join!(private_pg::start(&folder.0), private_pg::start(&folder.0), private_pg::start(&folder.0));
    let (web, worker, third) = (started.0.unwrap(), started.1.unwrap(), started.2.unwrap());
    web.stop().await.unwrap();
    third.stop().await.unwrap();
    assert_eq!(run(&worker, "select 1").await.unwrap(), Some(1), "the worker still needs it");
    worker.stop().await.unwrap();
    assert_eq!(folder.processes(), Vec::<u32>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_works_through_a_short_one() {
    let parent = Folder::new();
    let folder = Folder::below(&parent.0.join("a-very-long-name".repeat(6)));
    let cluster = private_pg::start(&folder.0).await.unwrap();
    let socket_folder = cluster.socket_folder().to_owned();
    assert!(!socket_folder.starts_with(&folder.0), "{}", socket_folder.display());
    remember(&cluster).await;
    cluster.stop().await.unwrap();
    assert!(!socket_folder.exists(), "nothing is left outside the data folder");
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert_eq!(remembers(&cluster).await, Some(42));
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_half_made_is_made_again() {
    let folder = Folder::new();
    let unfinished = folder.0.join("postgres/data.new/base");
    fs::create_dir_all(&unfinished).unwrap();
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert_eq!(run(&cluster, "select 1").await.unwrap(), Some(1));
    cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_another_major_version_is_refused_and_left_alone() {
    let folder = Folder::new();
    private_pg::start(&folder.0).await.unwrap().stop().await.unwrap();
    let version = folder.cluster().join("PG_VERSION");
    let before = fs::read_to_string(&version).unwrap();
    fs::write(&version, "9\n").unwrap();
    let refusal = format!("{:#}", private_pg::start(&folder.0).await.err().expect("refused"));
    assert!(refusal.contains("belongs to PostgreSQL 9") && refusal.contains("it was not touched"), "{refusal}");
    fs::write(&version, before).unwrap();
    private_pg::start(&folder.0).await.unwrap().stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_folder_on_the_way_is_named_with_the_remedy() {
    if !is_root() {
        return; // an ordinary user's own folders are always open to the server, which runs as that user
    }
    let closed = Folder::new();
    fs::set_permissions(&closed.0, fs::Permissions::from_mode(0o700)).unwrap();
    let refusal = format!("{:#}", private_pg::start(&closed.0.join("data")).await.err().expect("refused"));
    assert!(refusal.contains(&format!("may not enter {}:", closed.0.display())) && refusal.contains("ZENCALL_DATA_DIR"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_runs_it_too() {
    die_if_told_to().await;
    let this = "private_pg::an_ordinary_user_runs_it_too";
    if is_root() {
        return run_this_test_as_nobody(this);
    }
    let folder = Folder::new();
    a_program_that_dies(&folder, this);
    folder.kill_all();
    folder.reuse_the_number_in_the_lock_file(); // by a process of the same user, which PostgreSQL alone would take for its own
    let cluster = private_pg::start(&folder.0).await.unwrap();
    assert_eq!(remembers(&cluster).await, Some(42));
    cluster.stop().await.unwrap();
}

/// Names the folder in which a copy of the test program starts a cluster and dies.
const DIE_IN: &str = "TEST_DIES_IN";

/// Runs the named test in a program of its own, which starts the cluster, writes to it and is gone without a word, as after kill -9.
fn a_program_that_dies(folder: &Folder, test: &str) {
    let said = Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(DIE_IN, &folder.0).output().unwrap();
    assert_eq!(said.status.signal(), Some(libc::SIGABRT), "{}", String::from_utf8_lossy(&said.stdout));
}

async fn die_if_told_to() {
    if let Some(folder) = std::env::var_os(DIE_IN) {
        let cluster = private_pg::start(Path::new(&folder)).await.unwrap();
        remember(&cluster).await;
        std::process::abort();
    }
}

/// Starts the test binary again without root's rights, from a place that everybody may read.
fn run_this_test_as_nobody(test: &str) {
    let place = Folder::new();
    let program = place.0.join("it");
    // By another process: one of our own threads that starts a program meanwhile would hold the copy open for writing, and it could not be run.
    assert!(Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap().success());
    let mut command = Command::new(program);
    let said = command.args(["--exact", test]).uid(NOBODY).gid(NOBODY).current_dir("/").env("TMPDIR", "/tmp").output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&said.stderr));
}
