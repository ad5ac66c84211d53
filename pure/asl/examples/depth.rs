fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let t = format!("a: {}{}\n", "[".repeat(n), "]".repeat(n));
    let h = std::thread::Builder::new().stack_size(2 << 20).spawn(move || println!("{:?}", asl::yaml_to_json(&t).is_ok())).unwrap();
    h.join().unwrap();
}
