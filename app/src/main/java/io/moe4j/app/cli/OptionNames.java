package io.moe4j.app.cli;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/** What a command takes, for answers to what it does not take. */
final class OptionNames {
    private static final String DASHES = "--";
    /** More than one option begins with fewer letters. */
    private static final int SHORTEST_BEGINNING = 3;

    private OptionNames() {}

    /**
     * The option that was probably meant: one that begins with what was typed, as {@code --temp} does of {@code --temperature}, or the one with the fewest
     * changed letters, at most one of three.
     *
     * @param typed with or without its dashes and a value: {@code --promt=x}
     */
    static Optional<String> nearest(CommandSpec command, String typed) {
        String given = name(typed);
        List<String> names = command.optionsMap().keySet().stream().filter(name -> name.startsWith(DASHES))
                .map(OptionNames::name).toList();
        return names.stream().filter(name -> given.length() >= SHORTEST_BEGINNING && name.startsWith(given))
                .min(Comparator.comparingInt(String::length))
                .or(() -> NearestName.of(given, names, 3)).map(DASHES::concat);
    }

    /** Says that a command has no such option, and names the nearest. */
    static String missing(CommandSpec command, String typed) {
        int equals = typed.indexOf('=');
        return "there is no option " + (equals < 0 ? typed : typed.substring(0, equals))
                + nearest(command, typed).map(near -> "; the nearest is " + near).orElse("");
    }

    /** Says that a command takes fewer arguments, and which. */
    static String tooMany(CommandSpec command, String extra) {
        List<String> places = command.positionalParameters().stream().map(ArgSpec::paramLabel).toList();
        return "unexpected: " + extra + "; besides options, " + command.name() + " takes "
                + (places.isEmpty() ? "nothing" : String.join(" ", places));
    }

    private static String name(String typed) {
        String bare = typed.replaceFirst("^-+", "");
        int equals = bare.indexOf('=');
        return equals < 0 ? bare : bare.substring(0, equals);
    }
}
