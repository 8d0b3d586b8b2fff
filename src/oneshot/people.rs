//! Users of this machine by their names.

use std::io::Read;

/// Most bytes of the list of users that are read.
const MAX_USERS: u64 = 1 << 20;

/// A user as people know it: the name that this machine has for it, with its number.
pub(super) fn user(uid: u32) -> String {
    let mut users = String::new();
    let read =
        std::fs::File::open("/etc/passwd").and_then(|file| file.take(MAX_USERS).read_to_string(&mut users));
    let name = read.ok().and_then(|_| name(&users, uid));
    name.map_or_else(|| format!("user {uid}"), |name| format!("{name} (user {uid})"))
}

fn name(users: &str, uid: u32) -> Option<String> {
    let mut lines = users.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next().filter(|name| !name.is_empty() && !name.contains(char::is_control))?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\n+::::\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        let check = |uid, expect: Option<&str>| assert_eq!(name(users, uid).as_deref(), expect);
        check(0, Some("root"));
        check(1000, Some("alice"));
        check(1001, None);
    }
}
