package io.moe4j.app.cli;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A command of moe4j that can be copied into a shell. */
final class ShellCommand {
    /** System property that the launcher script sets: the path by which it was started. */
    private static final String LAUNCHER = "moe4j.command";
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private ShellCommand() {}

    /** The command with these arguments; each is quoted if a shell would change it otherwise. */
    static String of(String... arguments) {
        return quoted(System.getProperty(LAUNCHER, "./moe4j")) + Arrays.stream(arguments).map(ShellCommand::quoted)
                .map(each -> " " + each).collect(Collectors.joining());
    }

    /** {@code plain}, {@code 'with a space'}, {@code 'it'\\''s'}. */
    static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
