//! A running suite of its own: `hemei up` on a fresh folder and a free port.
use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::Client;

/// `hemei up`, stopped and thrown away when dropped or when the tests end.
pub struct Instance {
    pub data: PathBuf,
    pub port: u16,
    child: Child,
}

static SHARED: OnceLock<Arc<Instance>> = OnceLock::new();

impl Instance {
    /// The instance all tests of one binary share.
    pub fn shared() -> Arc<Self> {
        SHARED.get_or_init(|| Arc::new(Self::start(&[]).expect("the suite starts"))).clone()
    }

    /// Starts a suite with demo data and waits until it serves.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_with(arguments, &[])
    }

    /// The same with settings in the environment.
    pub fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let port = free_port()?;
        let data = env::temp_dir().join(format!("hemei-test-{}-{port}", std::process::id()));
        let child = launch(&data, port, arguments, environment)?;
        let instance = Self { data, port, child };
        instance.wait_until_up(Duration::from_secs(60))?;
        Ok(instance)
    }

    /// Kills the launcher with -9 and starts it again on the same folder.
    pub fn relaunch(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = launch(&self.data, self.port, &[], &[])?;
        self.wait_until_up(Duration::from_secs(30))
    }

    fn wait_until_up(&self, limit: Duration) -> Result<()> {
        let begun = Instant::now();
        let me = i64::from(self.child.id());
        while begun.elapsed() < limit {
            if self.run_file().is_ok_and(|run| run["pid"].as_i64() == Some(me) && run["ready_at"].is_string()) {
                return Ok(());
            }
            thread::park_timeout(Duration::from_millis(50));
        }
        let log = fs::read_to_string(log_of(&self.data)).unwrap_or_default();
        bail!("not up after {limit:?}:\n{log}")
    }

    /// A client of its own for each test: connections live as long as the runtime that opened them.
    pub fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// What the launcher wrote down: pids, ports, addresses.
    pub fn run_file(&self) -> Result<Value> {
        Ok(serde_json::from_str(&fs::read_to_string(self.data.join("run.json"))?)?)
    }

    /// The process id of a role, of "postgres" or of "redis".
    pub fn pid(&self, name: &str) -> Result<i32> {
        let run = self.run_file()?;
        let pid = run["pids"][name].as_i64().with_context(|| format!("no pid of {name} in {run}"))?;
        Ok(i32::try_from(pid)?)
    }

    /// `kill -9`, as the kernel or an operator may do it at any moment.
    pub fn kill(&self, name: &str) -> Result<()> {
        let pid = Pid::from_raw(self.pid(name)?).context("a pid")?;
        Ok(kill_process(pid, Signal::KILL)?)
    }

    /// Where the private database listens.
    pub fn database_url(&self) -> Result<String> {
        Ok(self.run_file()?["database_url"].as_str().context("database_url")?.to_owned())
    }
}

/// A port below those that the kernel gives to outgoing connections, so that it stays free for a restart.
pub fn free_port() -> Result<u16> {
    let ports = (0..9000).map(|_| 20_000 + rand::random::<u16>() % 9000);
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).context("a free port")
}

fn launch(data: &Path, port: u16, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Child> {
    let path = log_of(data);
    fs::create_dir_all(path.parent().context("a folder")?)?;
    let log = fs::OpenOptions::new().create(true).append(true).open(path)?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(binary()?).arg("up").arg("--data").arg(data);
    command.args(["--throw-away", "--port", &port.to_string()]).args(arguments);
    command.envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let (send, receive) = mpsc::channel();
    // The suite stops when the thread that launched it ends: this one ends with the tests.
    thread::spawn(move || {
        send.send(command.spawn()).ok();
        loop {
            thread::park();
        }
    });
    receive.recv()?.context("setpriv starts hemei")
}

/// Among the other logs of the data folder, and gone with them.
fn log_of(data: &Path) -> PathBuf {
    data.join("log").join("up.log")
}

/// The binary that was built beside the tests.
pub fn binary() -> Result<PathBuf> {
    let exe = env::current_exe()?;
    let folder = exe.ancestors().find(|folder| folder.join("hemei").is_file());
    let found = folder.map(|folder| folder.join("hemei"));
    ensure!(found.is_some(), "the hemei binary is not built: run `make test` or `cargo build --workspace` first");
    found.context("found")
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0)) {
            kill_process(pid, Signal::TERM).ok();
        }
        self.child.wait().ok();
        // Where it could not do so itself.
        fs::remove_dir_all(&self.data).ok();
    }
}
