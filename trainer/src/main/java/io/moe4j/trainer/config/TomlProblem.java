package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;

/** Translates a parser's message about invalid TOML into words about the file, with the line. */
final class TomlProblem {
    private static final int LONGEST_LINE = 60;

    private TomlProblem() {}

    /** The beginning of a parser's message, its meaning, and the remedy. */
    private record Meaning(String said, String rule, String remedy) {}

    private static final List<Meaning> MEANINGS = List.of(
            new Meaning("Duplicate key", "this key has a value already", "remove one of the two"),
            new Meaning("Table redefined", "this section is there already", "put its keys into one section"),
            new Meaning("Path into existing non-object", "a name has a value already, and cannot be a section too",
                    "remove one of the two"),
            new Meaning("Newline not permitted", "the line ends within a value",
                    "give the value, and close its quotation marks"),
            new Meaning("More data after value", "something follows the value", "write one key in each line"),
            new Meaning("Unknown token", "this is neither a key nor a value", "put texts into quotation marks"));

    /** The problem of a document. */
    static Problem of(String name, String toml, JacksonException failure) {
        String said = String.valueOf(failure.getOriginalMessage());
        Meaning meaning = MEANINGS.stream().filter(each -> said.startsWith(each.said())).findFirst()
                .orElseGet(() -> new Meaning("", Shown.parserMessage(said), "correct it; texts are quoted"));
        return new Problem(Shown.of(name) + place(toml, meaning, failure.getLocation()),
                "it is not valid TOML: " + meaning.rule(), meaning.remedy());
    }

    /** The parser checks for duplicate keys after it has read the end of the line, so that its position may be the line after the key's. */
    private static String place(String toml, Meaning meaning, TokenStreamLocation at) {
        if (at == null) {
            return "";
        }
        boolean isAfter = meaning.said().equals("Duplicate key") && at.getColumnNr() == 1 && at.getLineNr() > 1;
        int number = isAfter ? at.getLineNr() - 1 : at.getLineNr();
        String line = toml.lines().skip(number - 1L).findFirst().orElse("").strip();
        String shown = line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) + "..." : line;
        return ", line " + number + (shown.isEmpty() ? "" : ": " + Shown.of(shown));
    }
}
