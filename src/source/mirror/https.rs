//! A git server over HTTPS, its connection kept between calls.

use super::client::{Door, Size};
use super::http::{HttpClient, Shared};
use super::meter::Meter;
use super::rate::Rate;
use super::session::Session;
use super::{Answer, Ask, Mirror, Server};
use crate::model::RefName;
use crate::source::mirror_error::MirrorError;
use crate::source::objects::Spool;
use crate::source::trouble::Trouble;
use gix::ObjectId;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;
use std::rc::Rc;
use std::sync::Arc;

/// Most bytes of an answer that is not a pack: capabilities, refs, a refusal.
const TALK: u64 = 1 << 20;

type HttpSession = Session<Transport<HttpClient>>;

/// One mirror reached by HTTPS.
pub(super) struct Https {
    door: Door,
    rate: Rate,
    meter: Arc<Meter>,
    shared: Rc<Shared>,
    session: Option<HttpSession>,
    /// Bytes that came over the connection in hand.
    carried: u64,
}

impl Https {
    pub(super) fn new(door: Door, rate: Rate, meter: Arc<Meter>) -> Self {
        Self { door, rate, meter, shared: Rc::new(Shared::default()), session: None, carried: 0 }
    }

    /// Does `work` in the kept session, or in a new one. A kept connection may have died unseen, so what fails without having brought
    /// anything is tried once more, on a new connection.
    fn with_session<R>(
        &mut self,
        allowance: u64,
        work: &mut dyn FnMut(&mut HttpSession) -> Result<R, Trouble>,
        has_brought: &dyn Fn() -> bool,
    ) -> Result<R, Trouble> {
        if let Some(mut session) = self.session.take() {
            match self.attempt(&mut session, allowance, work) {
                Err(Trouble::Mirror(MirrorError::Unreachable { .. }))
                    if !self.meter.is_cancelled() && !has_brought() =>
                {
                    self.renew()?;
                    let done = self.attempt(&mut session, allowance, work);
                    return self.keep(session, done, has_brought());
                }
                // The credential may have been renewed since: it is read anew below.
                Err(Trouble::Mirror(MirrorError::Unauthorized { .. })) => {}
                done => return self.keep(session, done, has_brought()),
            }
        }
        let mut session = self.connect()?;
        let done = self.attempt(&mut session, allowance, work);
        self.keep(session, done, has_brought())
    }

    fn talk<R>(
        &mut self,
        mut work: impl FnMut(&mut HttpSession) -> Result<R, MirrorError>,
    ) -> Result<R, Trouble> {
        self.with_session(TALK, &mut |session| work(session).map_err(Trouble::from), &|| false)
    }

    fn attempt<R>(
        &mut self,
        session: &mut HttpSession,
        allowance: u64,
        work: &mut dyn FnMut(&mut HttpSession) -> Result<R, Trouble>,
    ) -> Result<R, Trouble> {
        self.shared.allowance.set(allowance);
        self.shared.failure.take();
        let before = self.meter.total().down;
        let done = work(session).map_err(|error| self.explained(error));
        self.carried += self.meter.total().down - before;
        done
    }

    /// The reason that HTTP gave, if it failed there: the layers between know it only as text.
    fn explained(&self, error: Trouble) -> Trouble {
        match (self.shared.failure.take(), error) {
            (Some(reason), Trouble::Mirror(_)) => Trouble::Mirror(reason),
            (_, error) => error,
        }
    }

    /// Keeps a session that is in order: after a link that broke, what the server said of itself still holds. After any other error
    /// nobody knows, so it goes.
    fn keep<R>(
        &mut self,
        session: HttpSession,
        done: Result<R, Trouble>,
        is_in_the_middle: bool,
    ) -> Result<R, Trouble> {
        use MirrorError::{Certificate, EmptyRepository, MissingRef, Unreachable};
        match &done {
            Ok(_) | Err(Trouble::Mirror(EmptyRepository | MissingRef { .. })) => self.session = Some(session),
            Err(Trouble::Mirror(Unreachable { .. })) => {
                if is_in_the_middle {
                    self.door.breaks.after(self.carried);
                }
                self.renew()?;
                self.session = Some(session);
            }
            Err(Trouble::Mirror(Certificate { .. })) => self.door.forget_cas(),
            Err(_) => {}
        }
        done
    }

    /// Sends the next request on a new connection: one that carries several requests is not given up by its client when it falls silent.
    fn renew(&mut self) -> Result<(), MirrorError> {
        self.carried = 0;
        self.shared.talk.replace(Some(self.door.client(Size::Talk)?));
        self.shared.patient.take();
        self.be_patient()?;
        if self.shared.bulk.take().is_some() && self.door.has_room() {
            self.shared.bulk.replace(Some(self.door.client(Size::Bulk)?));
        }
        Ok(())
    }

    /// Takes the time that the server is known to need for a pack.
    fn be_patient(&mut self) -> Result<(), MirrorError> {
        let idle = self.door.timeouts.idle;
        let wait = self.shared.patience.wait(idle);
        if wait > idle && self.shared.patient.borrow().is_none() {
            let size = if self.rate.0.is_none() { Size::Bulk } else { Size::Talk };
            self.shared.patient.replace(Some(self.door.patient_client(size, wait)?));
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<HttpSession, Trouble> {
        self.carried = 0;
        let client = self.door.client(Size::Talk)?;
        let authorization = self.door.authorization(&client)?;
        self.shared.talk.replace(Some(client));
        let client = HttpClient {
            authorization,
            rate: self.rate,
            meter: self.meter.clone(),
            shared: self.shared.clone(),
        };
        let url = gix::url::parse(self.door.url.as_str())
            .map_err(|error| MirrorError::NotGit { what: format!("its URL cannot be used: {error}") })?;
        self.shared.allowance.set(TALK);
        self.shared.failure.take();
        let opened = Session::open(Transport::new_http(client, url, Protocol::V2, false));
        opened.map_err(|error| {
            let error = self.explained(error.into());
            if matches!(error, Trouble::Mirror(MirrorError::Certificate { .. })) {
                self.door.forget_cas();
            }
            error
        })
    }
}

impl Mirror for Https {
    fn name(&self) -> &str {
        self.door.url.as_str()
    }

    fn tip(&mut self, ref_name: &RefName) -> Result<ObjectId, Trouble> {
        self.talk(|session| session.tip(ref_name))
    }

    fn server(&mut self) -> Result<Server, Trouble> {
        self.talk(|session| Ok(session.server()))
    }

    fn rest(&mut self) {
        self.shared.bulk.take();
        self.shared.patient.take();
    }

    fn fetch(&mut self, ask: &Ask<'_>, spool: &mut Spool) -> Result<Answer, Trouble> {
        let shared = self.shared.clone();
        if self.door.breaks.are_over(self.carried) {
            self.renew()?;
        }
        // What may be on its way at once comes as fast as the link goes: where that is to be slow it is little.
        let may_be_much = self.rate.0.is_none() && self.door.has_room();
        if ask.is_bulk && may_be_much && shared.is_http2.get() && shared.bulk.borrow().is_none() {
            shared.bulk.replace(Some(self.door.client(Size::Bulk)?));
        }
        let arrived = std::cell::Cell::new(0);
        let mut work = |session: &mut HttpSession| {
            spool.restart()?;
            let stop = if shared.is_http2.get() { ask.stop } else { ask.stop.without_commits() };
            let answered = session.fetch(ask, stop, spool);
            arrived.set(spool.written());
            answered
        };
        self.be_patient()?;
        shared.is_work.set(true);
        let answered = self.with_session(u64::MAX, &mut work, &|| arrived.get() > 0);
        shared.is_work.set(false);
        if matches!(answered, Ok(Answer::Part)) {
            self.shared.is_over.set(true);
        }
        answered
    }
}
