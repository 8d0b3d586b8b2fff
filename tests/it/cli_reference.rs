//! The command line as people read it: the whole reference, what a wrong usage says, and that the README's commands exist.

use standfast::cli;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The width of all help, whatever the terminal.
const WIDTH: usize = 100;

#[test]
fn the_whole_reference() {
    let mut command = cli::command().term_width(WIDTH);
    command.build();
    let mut text = String::new();
    write_help(&command, &mut text);
    insta::assert_snapshot!("reference", text);
}

fn write_help(command: &clap::Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    write!(text, "$ {name} --help\n{}\n\n", lines.join("\n").trim_end()).unwrap();
    command.get_subcommands().for_each(|command| write_help(command, text));
}

/// What a command prints to standard error, and its exit code, with nothing in its environment.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_standfast")).args(arguments).env_clear().output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(text(output.stdout), "", "standard output is for results");
    format!("{}\nexit code {}", text(output.stderr).trim_end(), output.status.code().unwrap())
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    insta::assert_snapshot!(run(&["rum"]), @r"
    error: unrecognized subcommand 'rum'

      tip: some similar subcommands exist: 'run', 'resume'

    Usage: standfast [OPTIONS] <COMMAND>

    For more information, try '--help'.
    exit code 2
    ");
    insta::assert_snapshot!(run(&["run", "--onse"]), @r"
    error: unexpected argument '--onse' found

      tip: a similar argument exists: '--once'

    Usage: standfast run --once

    For more information, try '--help'.
    exit code 2
    ");
    insta::assert_snapshot!(run(&["run", "--wait"]), @r"
    error: the following required arguments were not provided:
      --once

    Usage: standfast run --once --wait

    For more information, try '--help'.
    exit code 2
    ");
    insta::assert_snapshot!(run(&["status", "-o", "yaml"]), @r"
    error: invalid value 'yaml' for '--output <FORMAT>'
      [possible values: human, json]

    For more information, try '--help'.
    exit code 2
    ");
    assert!(run(&["config"]).ends_with("exit code 2"));
}

#[test]
fn a_missing_configuration_is_told_with_exit_code_78() {
    insta::assert_snapshot!(run(&["status", "--config", "/nowhere/config.yaml"]), @r#"
    error: /nowhere/config.yaml: there is no such file: write it, or name another with --config; the smallest one is {site: {name: store-042}, source: {mirrors: [{url: "https://git.example.com/fleet.git"}]}, trust: {allowedSigners: /etc/standfast/allowed_signers}}
    exit code 78
    "#);
}

#[test]
fn a_demo_without_a_kubeconfig_says_how_to_name_one() {
    insta::assert_snapshot!(run(&["demo", "--cluster"]), @r"
    error: --cluster names no kubeconfig and KUBECONFIG is not set
    hint: name one: standfast demo --cluster /etc/rancher/k3s/k3s.yaml
    exit code 1
    ");
}

#[test]
fn help_and_version_are_results() {
    for arguments in [["--help"], ["--version"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_standfast")).args(arguments).env_clear().output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty() && !output.stdout.is_empty(),
            "{output:?}"
        );
    }
}

/// Command lines in a text: lines that begin with `standfast`, or with cargo running it; and spans in backquotes that do, or that
/// begin with one of our commands and go on.
fn command_lines(text: &str) -> Vec<String> {
    let command = cli::command();
    let is_ours = |text: &&str| {
        let name = text.split_once(' ').map(|(name, _)| name);
        command.get_subcommands().any(|known| Some(known.get_name()) == name)
    };
    let after = |text| {
        ["standfast ", "cargo run --release -- "].iter().find_map(|start| str::strip_prefix(text, start))
    };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).filter_map(after);
    let spans =
        text.split('`').skip(1).step_by(2).filter_map(|span| after(span).or(Some(span).filter(is_ours)));
    lines.chain(spans).map(|arguments| format!("standfast {arguments}")).collect()
}

#[test]
fn the_readme_names_only_commands_that_exist() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let lines = command_lines(&readme);
    for needed in [
        "standfast demo",
        "standfast demo --cluster KUBECONFIG",
        "standfast run --once",
        "standfast config check",
        "standfast status",
    ] {
        assert!(lines.iter().any(|line| line == needed), "the README does not show {needed}: {lines:#?}");
    }
    for line in &lines {
        let parsed = cli::command().try_get_matches_from(line.split_whitespace());
        assert!(parsed.is_ok(), "README.md shows `{line}`: {}", parsed.unwrap_err());
    }
}
