package io.moe4j.trainer.config;

import io.moe4j.api.Shown;
import io.moe4j.api.comm.Dedup;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import io.moe4j.data.BadLines;
import io.moe4j.data.ChangedData;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How values of one Java type are read from a configuration and written to one.
 *
 * @param wanted the allowed values, in words for messages
 * @param read reads a value; empty if it is not allowed
 * @param shown writes a value as TOML
 * @param choices the names to choose from; empty if the value is no name, or the names are not known here
 */
record Kind(String wanted, Function<Value, Optional<?>> read, Function<Object, String> shown, List<String> choices) {
    private static final List<String> EIGHT_BITS = List.of("float8", "fp8", "float8_e4m3");
    private static final String AUTO = "auto";
    private static final String DIGITS = "[0-9]+(?:_[0-9]+)*";
    private static final Pattern WHOLE = Pattern.compile("[+-]?" + DIGITS);
    /** Numbers as TOML writes them. Java's own parser also accepts {@code 1d}, {@code 5f}, {@code 0x1p3}. */
    private static final Pattern REAL = Pattern
            .compile(
                    "[+-]?(?:" + DIGITS + "(?:\\.(?:" + DIGITS + ")?)?|\\." + DIGITS + ")(?:[eE][+-]?" + DIGITS + ")?");

    private Kind(String wanted, Function<Value, Optional<?>> read, Function<Object, String> shown) {
        this(wanted, read, shown, List.of());
    }

    /** The kind of a record component of this generic type. */
    static Kind of(String type) {
        return switch (type) {
            case "int" -> new Kind("a whole number below 2^31",
                    value -> value.number().flatMap(Kind::whole).filter(n -> n == n.intValue()).map(Long::intValue),
                    Object::toString);
            case "long" -> new Kind("a whole number", value -> value.number().flatMap(Kind::whole), Object::toString);
            case "double" -> new Kind("a number", value -> value.number().flatMap(Kind::real), Object::toString);
            case "boolean" -> new Kind("true or false", value -> value.flag().flatMap(Kind::flag), Object::toString);
            case "java.lang.String" -> new Kind("a text that is not empty",
                    value -> value.text().filter(text -> !text.isBlank()), Kind::quoted);
            case "java.util.Optional<java.lang.String>" -> new Kind("a text; empty for none",
                    value -> value.text().flatMap(Kind::textIfPresent),
                    Kind::quotedIfPresent);
            case "io.moe4j.trainer.config.FieldChoice" -> new Kind("a text, auto; empty for none",
                    value -> value.text().map(Kind::field), Kind::fieldShown);
            case "java.util.Optional<java.nio.file.Path>" -> new Kind("a path; empty for none",
                    value -> value.text().flatMap(Kind::path), Kind::quotedIfPresent);
            case "io.moe4j.trainer.config.Resume" -> new Kind("\"auto\", or a path; empty for none",
                    value -> value.text().flatMap(Kind::resume), Kind::resumeShown);
            case "java.time.Duration" -> new Kind("a number of seconds, at least 1e-9 and below 10^9",
                    value -> value.number().flatMap(Kind::real).filter(s -> s >= 1e-9 && s < 1e9)
                            .map(s -> Duration.ofNanos((long) (s * 1e9))),
                    value -> String.valueOf(((Duration) value).toNanos() / 1e9));
            case "io.moe4j.api.comm.ReceiveCapacity" -> new Kind(
                    "\"worst_case\", \"balanced\", or a factor of the balanced load that is above 0",
                    Kind::capacity, Kind::capacityShown);
            case "io.moe4j.trainer.config.MemoryBudget" -> new Kind("\"auto\", or a number of GiB that is at least 0",
                    Kind::budget, Kind::budgetShown);
            case "io.moe4j.api.tensor.DType" -> weightType();
            case "java.util.Optional<io.moe4j.api.tensor.DType>" -> automatic(productType());
            case "java.util.Optional<io.moe4j.api.comm.OverflowAction>" -> automatic(
                    choice(Arrays.asList(OverflowAction.values()), Kind::lower));
            case "java.util.Optional<java.lang.Integer>" -> automatic(of("int"));
            case "io.moe4j.api.comm.Dedup" -> choice(Arrays.asList(Dedup.values()), Kind::lower);
            case "io.moe4j.trainer.config.Overlap" -> choice(Arrays.asList(Overlap.values()), Kind::lower);
            case "io.moe4j.trainer.config.KeepConverted" -> choice(Arrays.asList(KeepConverted.values()), Kind::lower);
            case "io.moe4j.trainer.config.ReshardAfterForward" -> choice(Arrays.asList(ReshardAfterForward.values()),
                    Kind::lower);
            case "io.moe4j.trainer.config.DecayType" -> choice(Arrays.asList(DecayType.values()), Kind::lower);
            case "io.moe4j.trainer.config.OptimizerName" -> choice(Arrays.asList(OptimizerName.values()), Kind::lower);
            case "io.moe4j.trainer.config.MuonScale" -> choice(Arrays.asList(MuonScale.values()), Kind::lower);
            case "io.moe4j.trainer.config.LrShape" -> choice(Arrays.asList(LrShape.values()), Kind::lower);
            case "io.moe4j.trainer.config.ParameterRounding" -> choice(Arrays.asList(ParameterRounding.values()),
                    Kind::lower);
            case "io.moe4j.data.ChangedData" -> choice(Arrays.asList(ChangedData.values()), Kind::lower);
            case "io.moe4j.data.BadLines" -> choice(Arrays.asList(BadLines.values()), Kind::lower);
            case "io.moe4j.trainer.config.ResumeFrom" -> choice(Arrays.asList(ResumeFrom.values()), Kind::lower);
            default -> throw new IllegalStateException("no configuration value is known to have the type " + type);
        };
    }

    private static String name(DType dtype) {
        return switch (dtype) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case I32 -> "int32";
            case I64 -> "int64";
            case F8_E4M3 -> "float8";
        };
    }

    private static Kind weightType() {
        Kind choice = choice(WeightTypes.ALL, Kind::name);
        return new Kind(choice.wanted, value -> value.text().flatMap(WeightTypes::named), choice.shown, choice.choices);
    }

    /** The types of operands of products. */
    private static Kind productType() {
        Kind choice = choice(List.of(DType.F32, DType.BF16, DType.F8_E4M3), Kind::name);
        return new Kind(choice.wanted, value -> value.text().flatMap(text -> WeightTypes.named(text)
                .or(() -> EIGHT_BITS.contains(text.toLowerCase(Locale.ROOT)) ? Optional.of(DType.F8_E4M3)
                        : Optional.empty())),
                choice.shown, choice.choices);
    }

    private static <T extends Enum<T>> Kind choice(List<T> choices, Function<T, String> name) {
        List<String> names = choices.stream().map(name).toList();
        return new Kind("one of " + String.join(", ", names),
                value -> value.text()
                        .flatMap(text -> choices.stream().filter(choice -> name.apply(choice).equalsIgnoreCase(text))
                                .findFirst()),
                shown -> choices.stream().filter(shown::equals).map(name).map(Kind::quoted).findFirst().orElseThrow(),
                names);
    }

    /** The same values, or {@code "auto"}, which reads as empty. */
    private static Kind automatic(Kind kind) {
        return new Kind(kind.wanted + ", auto", value -> {
            Optional<?> chosen = kind.read.apply(value);
            return chosen.isEmpty() && value.text().equals(Optional.of(AUTO)) ? Optional.of(Optional.empty())
                    : chosen.isEmpty() ? Optional.empty() : Optional.of(chosen);
        }, shown -> ((Optional<?>) shown).map(kind.shown).orElse(quoted(AUTO)),
                Stream.concat(kind.choices.stream(), Stream.of(AUTO)).toList());
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static Optional<Long> whole(String text) {
        String stripped = text.strip();
        try {
            return WHOLE.matcher(stripped).matches() ? Optional.of(Long.valueOf(stripped.replace("_", "")))
                    : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Optional<Double> real(String text) {
        String stripped = text.strip();
        return switch (stripped.toLowerCase(Locale.ROOT)) {
            case "nan", "+nan", "-nan" -> Optional.of(Double.NaN);
            case "inf", "+inf", "infinity" -> Optional.of(Double.POSITIVE_INFINITY);
            case "-inf", "-infinity" -> Optional.of(Double.NEGATIVE_INFINITY);
            default -> REAL.matcher(stripped).matches() ? Optional.of(Double.valueOf(stripped.replace("_", "")))
                    : Optional.empty();
        };
    }

    private static Optional<Boolean> flag(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    private static Optional<Optional<String>> textIfPresent(String text) {
        return Optional.of(Optional.of(text).filter(given -> !given.isBlank()));
    }

    private static FieldChoice field(String text) {
        return text.isBlank() ? new FieldChoice.None()
                : text.equals(AUTO) ? new FieldChoice.OfData() : new FieldChoice.Named(text);
    }

    private static String fieldShown(Object field) {
        return quoted(switch ((FieldChoice) field) {
            case FieldChoice.OfData() -> AUTO;
            case FieldChoice.None() -> "";
            case FieldChoice.Named(String name) -> name;
        });
    }

    private static Optional<Optional<Path>> path(String text) {
        try {
            return Optional.of(text.isBlank() ? Optional.empty() : Optional.of(Path.of(text)));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static Optional<Resume> resume(String text) {
        return text.equals(AUTO) ? Optional.of(new Resume.Auto())
                : path(text).map(given -> given.<Resume>map(Resume.From::new).orElseGet(Resume.Nothing::new));
    }

    private static String resumeShown(Object resume) {
        return quoted(switch ((Resume) resume) {
            case Resume.Nothing() -> "";
            case Resume.Auto() -> AUTO;
            case Resume.From(Path path) -> path.toString();
        });
    }

    private static Optional<ReceiveCapacity> capacity(Value value) {
        Optional<String> name = value.text();
        if (name.equals(Optional.of("worst_case"))) {
            return Optional.of(ReceiveCapacity.worstCase());
        }
        if (name.equals(Optional.of("balanced"))) {
            return Optional.of(ReceiveCapacity.balanced());
        }
        return value.number().or(value::text).flatMap(Kind::real)
                .filter(factor -> factor > 0 && !Double.isInfinite(factor)).map(ReceiveCapacity::factor);
    }

    private static String capacityShown(Object capacity) {
        return switch ((ReceiveCapacity) capacity) {
            case ReceiveCapacity.WorstCase() -> quoted("worst_case");
            case ReceiveCapacity.Balanced() -> quoted("balanced");
            case ReceiveCapacity.Factor(double factor) -> String.valueOf(factor);
        };
    }

    private static Optional<MemoryBudget> budget(Value value) {
        if (value.text().equals(Optional.of("auto"))) {
            return Optional.of(new MemoryBudget.Auto());
        }
        return value.number().or(value::text).flatMap(Kind::real)
                .filter(gib -> gib >= 0 && !Double.isInfinite(gib)).map(MemoryBudget.Gib::new);
    }

    private static String budgetShown(Object budget) {
        return switch ((MemoryBudget) budget) {
            case MemoryBudget.Auto() -> quoted("auto");
            case MemoryBudget.Gib(double gib) -> String.valueOf(gib);
        };
    }

    private static String quotedIfPresent(Object optional) {
        return quoted(((Optional<?>) optional).map(Object::toString).orElse(""));
    }

    private static String quoted(Object text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.toString().codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (Shown.isObeyed(c)) {
                quoted.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08X" : "\\u%04X", c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString();
    }
}
