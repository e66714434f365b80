//! The embedding example, asked over real HTTP.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[expect(dead_code, reason = "the example's own main is not called here")]
#[path = "../../examples/embed.rs"]
mod example;

async fn accept(address: std::net::SocketAddr, badge: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "POST /vacancies/0/accept/{badge} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: 0\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer
}

#[tokio::test]
async fn one_wins_the_other_hears_that_it_is_filled() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let server = tokio::spawn(async move {
        axum::serve(listener, example::router(example::open()))
            .await
            .expect("it serves");
    });
    let first = accept(address, "CHA-0001").await;
    let second = accept(address, "CHA-0002").await;
    let again = accept(address, "CHA-0001").await;
    let nobody = accept(address, "CHA-9999").await;
    server.abort();
    assert!(
        first.starts_with("HTTP/1.1 200") && first.contains("\"won\""),
        "{first}"
    );
    assert!(
        second.starts_with("HTTP/1.1 409") && second.contains("this shift is filled"),
        "{second}"
    );
    assert!(
        again.contains("\"won\""),
        "a winner hears it again: {again}"
    );
    assert!(nobody.starts_with("HTTP/1.1 404"), "{nobody}");
}
