package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The tables {@code [data.sources.NAME]} of a configuration, the sources that are mixed, and what the source of validation has in common with them. */
final class SourceTables {
    static final String KEY = "data.sources";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");
    private static final String FORM = "write a table [data.sources.NAME] for each source, with path, weight and"
            + " epochs; NAME has letters, digits, - and _, at most 64";
    private static final String TEXT = "text_field";
    private static final String PROMPT = "prompt_field";
    private static final String MESSAGES = "messages_field";

    private final Map<String, SourceConfig> tables = new TreeMap<>();

    Map<String, SourceConfig> tables() {
        return tables;
    }

    /** Whether this is the section of all sources, or of one source. */
    static boolean isTable(String path) {
        return path.equals(KEY) || path.matches(Pattern.quote(KEY) + "\\.[^.]+");
    }

    /** Whether this is one of these sections, or a key in one. */
    static boolean owns(String path) {
        return path.equals(KEY) || path.startsWith(KEY + ".");
    }

    /** Sets {@code data.sources.NAME.KEY}; returns what is wrong, if anything is. */
    Optional<Problem> set(String path, Value value, String shown) {
        String[] parts = path.split("\\.", -1);
        if (parts.length != 4 || !NAME.matcher(parts[2]).matches()) {
            return Optional.of(new Problem(shown, "this is no key of a source", FORM));
        }
        SourceConfig before = tables.getOrDefault(parts[2], SourceConfig.EMPTY);
        Optional<SourceConfig> after;
        switch (parts[3]) {
            case "path" -> after = read("java.util.Optional<java.nio.file.Path>", value)
                    .map(read -> before.withPath(((Optional<?>) read).map(Path.class::cast)));
            case "weight" -> after = read("double", value).map(read -> before.withWeight((Double) read));
            case "epochs" -> after = read("long", value).map(read -> before.withEpochs((Long) read));
            case TEXT -> after = read("java.lang.String", value)
                    .map(read -> before.withTextField(Optional.of((String) read)));
            case PROMPT -> after = value.text().map(text -> before.withPromptField(Optional.of(field(text))));
            case MESSAGES -> after = value.text().map(text -> before.withMessagesField(Optional.of(field(text))));
            default -> {
                return Optional.of(new Problem(shown, "a source has no such key", "its keys are path, weight, epochs, "
                        + TEXT + ", " + PROMPT + ", " + MESSAGES));
            }
        }
        if (after.isEmpty()) {
            return Optional.of(new Problem(shown, "the value must be " + switch (parts[3]) {
                case "path" -> "a path";
                case "weight" -> "a number";
                case TEXT -> Kind.of("java.lang.String").wanted();
                case PROMPT, MESSAGES -> "a text; empty for none";
                default -> "a whole number";
            }, ""));
        }
        tables.put(parts[2], after.get());
        return Optional.empty();
    }

    private static Optional<?> read(String type, Value value) {
        return Kind.of(type).read().apply(value);
    }

    /** Values by key, as they are written. */
    static Map<String, String> shown(Map<String, SourceConfig> tables) {
        Map<String, String> shown = new TreeMap<>();
        tables.forEach((name, source) -> {
            String prefix = KEY + "." + name + ".";
            shown.put(prefix + "path",
                    Kind.of("java.util.Optional<java.nio.file.Path>").shown().apply(source.path()));
            shown.put(prefix + "weight", String.valueOf(source.weight()));
            source.epochs().ifPresent(epochs -> shown.put(prefix + "epochs", String.valueOf(epochs)));
            source.textField().ifPresent(field -> shown.put(prefix + TEXT, quoted(field)));
            source.promptField().ifPresent(field -> shown.put(prefix + PROMPT, quoted(field)));
            source.messagesField().ifPresent(field -> shown.put(prefix + MESSAGES, quoted(field)));
        });
        return shown;
    }

    /** A key or column; empty says that there is none. */
    private static String field(String text) {
        return text.isBlank() ? "" : text;
    }

    private static String quoted(String text) {
        return Kind.of("java.lang.String").shown().apply(text);
    }

    /** The lines of one source's own table. */
    static String table(String name, Map<String, SourceConfig> tables) {
        String prefix = KEY + "." + name + ".";
        return shown(tables).entrySet().stream().filter(entry -> entry.getKey().startsWith(prefix))
                .map(entry -> entry.getKey().substring(prefix.length()) + " = " + entry.getValue() + "\n")
                .collect(Collectors.joining());
    }

    /** The sources as TOML with dotted keys. */
    static String toml(Map<String, SourceConfig> tables) {
        return shown(tables).entrySet().stream().map(entry -> entry.getKey() + " = " + entry.getValue() + "\n")
                .collect(Collectors.joining());
    }

    /** Problems of the fields of a source, which stand in this table. */
    private static void checkFields(DataConfig data, String table, SourceConfig source, String remedy,
            Findings findings) {
        SourceFields fields = SourceFields.of(data, source);
        Optional<String> texts = source.textField().map(field -> TEXT + " = " + Shown.of(quoted(field)))
                .or(() -> source.promptField().filter(field -> !field.isEmpty())
                        .map(field -> PROMPT + " = " + Shown.of(quoted(field))));
        if (source.hasFields() && fields.messages().isPresent() && texts.isPresent()) {
            findings.note(new Problem(
                    table + "." + MESSAGES + " = " + Shown.of(quoted(fields.messages().get())) + ", " + table + "."
                            + texts.get(),
                    "the documents of a source are either prompts and texts, or conversations",
                    remedy));
        }
        if (source.hasFields() && fields.prompt().equals(Optional.of(fields.text()))) {
            findings.note(new Problem(table + ": prompt and text are " + Shown.of(quoted(fields.text())),
                    "prompt and text are two keys",
                    "name the key of the prompt, or set " + table + "." + PROMPT + " = \"\" for none"));
        }
    }

    /** Problems of single sources. */
    static void check(DataConfig data, ValidationConfig validation, Findings findings) {
        data.sources().forEach((name, source) -> {
            String table = KEY + "." + name;
            if (source.path().isEmpty()) {
                findings.note(new Problem(table, "the source has no path", "give " + table + ".path"));
            }
            if (!(source.weight() > 0) || Double.isInfinite(source.weight())) {
                findings.note(new Problem(table + ".weight = " + source.weight(),
                        "it must be a finite number above 0", "to leave a source out, remove its table"));
            }
            source.epochs().filter(epochs -> epochs < 0).ifPresent(epochs -> findings.note(new Problem(
                    table + ".epochs = " + epochs, "it must be at least 0", "0 is for no limit")));
            checkFields(data, table, source, "leave one of them out, or make two sources", findings);
        });
        checkFields(data, "validation", validation.source(), "leave one of them out", findings);
        if (!data.sources().isEmpty() && data.path().isPresent()) {
            findings.note(new Problem("data.path = \"" + Shown.of(data.path().get().toString()) + "\", and "
                    + data.sources().size() + " data.sources", "the data is either one path or a mixture of sources",
                    "make the path one of the sources, or remove it"));
        }
    }
}
