//! What people write over real sessions: who is told, who may read it, and who is neither.

use muster::embedded::DataFolder;
use muster::server::Server;
use protocol::session::Event;
use protocol::{
    Afterwards, Ask, Author, News, Outcome, Read, Reading, RefusalCode, RequestId, Role,
    RosterChange, What,
};

use crate::amend::{HOUR_US, House, PATIENCE, VACANCY, accept, done, posted, roster, told, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_the_other_side_and_a_curious_coordinator_reads_nothing() {
    let folder = DataFolder::open(None).expect("a folder");
    let config = folder.config(([127, 0, 0, 1], 0).into());
    let server = Server::start(&config).expect("a server");
    let house = House::of(&server, &config);
    let (operator, _) = house.join(Role::Operator, "operator", None);
    let mut changes = roster();
    changes.push(RosterChange::Agency {
        code: "gilbert".to_owned(),
        name: "Gilbert Police Department".to_owned(),
        agreement: None,
    });
    done(&operator, 1, Ask::Roster { changes }).await;
    let (desk, mut to_desk) = house.join(Role::Coordinator, "desk", Some("mesa"));
    let (curious, _) = house.join(Role::Coordinator, "curious", Some("gilbert"));
    let (watcher, mut to_watcher) = house.join(Role::ReadOnly, "watcher", Some("mesa"));
    let (officer, mut to_officer) = house.join(Role::Officer, "MES-0001", Some("mesa"));
    let (colleague, _) = house.join(Role::Officer, "MES-0002", Some("mesa"));
    for heard in [&mut to_desk, &mut to_watcher, &mut to_officer] {
        until(heard, |event| {
            matches!(event, Event::Synced(_)).then_some(())
        })
        .await;
    }
    let start_us = muster::clock::now_us() + 48 * HOUR_US;
    done(&desk, 2, Ask::Publish(posted(start_us))).await;
    let won = accept(&officer, 3, 1).await;
    assert!(matches!(won, Outcome::Won(_)), "{won:?}");

    done(&officer, 4, say("Which door?")).await;
    let said = |news| match news {
        News::Said { message, .. } => Some(message),
        _ => None,
    };
    let heard = told(&mut to_desk, said).await;
    assert_eq!((heard.number, &*heard.text), (0, "Which door?"));
    done(&desk, 5, say("The north door.")).await;
    let heard = until(&mut to_officer, |event| match event {
        Event::News(push) => said(push.news).filter(|message| message.number == 1),
        _ => None,
    });
    let by = Author::Coordinator {
        agency: "mesa".to_owned(),
    };
    assert_eq!(heard.await.by, by);

    // Who watches the board hears that the orders were read, and before that nothing of what was
    // said.
    let (vacancy, version) = (VACANCY, 1);
    let read = Afterwards::Acknowledge { vacancy, version };
    done(&officer, 6, Ask::Afterwards(Box::new(read))).await;
    let until_read = |news| match news {
        News::Said { .. } | News::Noted { .. } => Some(true),
        News::Happened(happening) => {
            let is_read = matches!(happening.what, What::Acknowledged { .. });
            is_read.then_some(false)
        }
        _ => None,
    };
    assert!(
        !told(&mut to_watcher, until_read).await,
        "text left the desk"
    );

    let messages = || Ask::Read(Read::Messages { vacancy, from: 0 });
    for (id, reader) in [(7, &officer), (8, &desk), (9, &operator)] {
        let read = reader.ask_in(PATIENCE, RequestId(id), messages()).await;
        let Ok(Outcome::Reading(reading)) = read else {
            panic!("they may read it: {read:?}")
        };
        let Reading::Messages { messages, next } = *reading else {
            panic!("messages were asked for")
        };
        assert_eq!((messages.len(), next), (2, None));
    }
    for (id, reader) in [(10, &curious), (11, &watcher)] {
        for (more, ask) in [(0, messages()), (20, say("Hello."))] {
            let refused = reader.ask_in(PATIENCE, RequestId(id + more), ask).await;
            let Ok(Outcome::Refused(refused)) = refused else {
                panic!("it is none of their business: {refused:?}")
            };
            assert_eq!(refused.code, RefusalCode::NotAllowed);
        }
    }
    // Who was offered it and holds nothing may read: their own messages, of which there are none.
    let read = colleague.ask_in(PATIENCE, RequestId(50), messages()).await;
    let Ok(Outcome::Reading(reading)) = read else {
        panic!("they were asked: {read:?}")
    };
    let (messages, next) = (Vec::new(), None);
    assert_eq!(*reading, Reading::Messages { messages, next });
    server.stop().await;
}

fn say(text: &str) -> Ask {
    Ask::Afterwards(Box::new(Afterwards::Say {
        vacancy: VACANCY,
        badge: "MES-0001".to_owned(),
        text: text.to_owned(),
    }))
}
