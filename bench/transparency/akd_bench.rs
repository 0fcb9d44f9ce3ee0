// SPDX-License-Identifier: MPL-2.0
// The work of bench_transparency, done by akd in memory: prints `name size value unit` lines. Built and run
// by beside_akd.
use akd::append_only_zks::AzksParallelismConfig;
use akd::ecvrf::{HardCodedAkdVRF, VRFKeyStorage};
use akd::storage::manager::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::{AkdLabel, AkdValue, Directory, ExampleLabel, ExperimentalConfiguration};
use protobuf::Message;
use std::time::{Duration, Instant};

type Suite = ExperimentalConfiguration<ExampleLabel>;
type Tree = Directory<Suite, AsyncInMemoryDatabase, HardCodedAkdVRF>;

const VALUE_LEN: usize = 600;
const ROUNDS: usize = 101;
const FILL: usize = 10_000;

fn entry(number: usize, salt: u8) -> (AkdLabel, AkdValue) {
    let value = vec![salt; VALUE_LEN];
    (AkdLabel::from(&format!("label {number}")), AkdValue(value))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(|a, b| a.total_cmp(b));
    times[times.len() / 2]
}

fn print(name: &str, size: usize, value: f64, unit: &str) {
    println!("{name} {size} {value:.3} {unit}");
}

async fn publish(tree: &Tree, first: usize, count: usize, salt: u8) -> f64 {
    let batch = (first..first + count).map(|i| entry(i, salt)).collect();
    let start = Instant::now();
    tree.publish(batch).await.expect("publish");
    start.elapsed().as_secs_f64() * 1e3
}

async fn look_up(tree: &Tree, size: usize) {
    let public_key = tree.get_public_key().await.expect("public key");
    let (mut server, mut client, mut bytes) = (vec![], vec![], vec![]);
    for i in 0..ROUNDS {
        let label = entry(i * 7919 % size, 0).0;
        let start = Instant::now();
        let (proof, head) = tree.lookup(label.clone()).await.expect("lookup");
        server.push(start.elapsed().as_secs_f64() * 1e6);
        let encoded: akd::proto::specs::types::LookupProof = (&proof).into();
        bytes.push(encoded.compute_size() as f64);
        let start = Instant::now();
        akd::client::lookup_verify::<Suite>(public_key.as_bytes(), head.hash(), head.epoch(), label, proof)
            .expect("verify");
        client.push(start.elapsed().as_secs_f64() * 1e6);
    }
    print("answer", size, median(bytes), "bytes");
    print("answer-time", size, median(server), "us");
    print("verify-time", size, median(client), "us");
}

/// New versions of labels that are there, and versions of new ones.
async fn update(tree: &Tree, size: usize) {
    for count in [1_000, 10_000] {
        let mut known = vec![];
        let mut fresh = vec![];
        for round in 0..3 {
            known.push(publish(tree, round * count, count.min(size), 100 + round as u8).await);
            fresh.push(publish(tree, size + 1_000_000 * (round + 1) + count, count, 1).await);
        }
        print(&format!("publish-{count}-known"), size, median(known), "ms");
        print(&format!("publish-{count}-new"), size, median(fresh), "ms");
    }
}

async fn measure(size: usize) {
    let day = Some(Duration::from_secs(86_400));
    let storage = StorageManager::new(AsyncInMemoryDatabase::new(), day, None, day);
    let tree = Tree::new(storage, HardCodedAkdVRF {}, AzksParallelismConfig::default()).await.expect("new");
    for first in (0..size).step_by(FILL) {
        publish(&tree, first, FILL.min(size - first), 0).await;
    }
    look_up(&tree, size).await;
    update(&tree, size).await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let _ = HardCodedAkdVRF {}.get_vrf_public_key().await;
    for size in std::env::args().skip(1) {
        measure(size.parse().expect("a number of label-versions")).await;
    }
}
