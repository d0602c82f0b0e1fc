package io.moe4j.tokenizer.huggingface;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Determines where a text may be cut for a tokenizer so that the ids provably do not change; see {@link Cuts}. The proof for a cut before a space that
 * follows a character that is not white space:
 *
 * <ol>
 * <li>Added tokens are found first. None of them contains a space after another character, and none consumes the white space after it.
 * <li>Normalization (none, or NFC) never combines a space with the character before it.
 * <li>The pre-tokenizer splits the text by regular expressions, each of which consists of known alternatives. No alternative matches a space after a
 * character that is not white space; none looks behind, and only alternatives for white space look ahead.
 * <li>So a match ends before the space, unless the character before it is not matched at all, and the unmatched piece continues with the space. To exclude
 * this, one of the expressions must match every space ({@code \s+}), or match the character before it (letters, punctuation, digits).
 * <li>The ids of a piece depend on that piece only.
 * </ol>
 *
 * <p>For a line feed, additionally: no alternative matches a line feed and then a visible character, and {@code \s*[\r\n]+} comes before
 * {@code \s+(?!\S)}, so that white space that ends with a line feed is one match, whatever follows.
 */
final class CutRules {
    private static final String LETTERS = ascii(Character::isLetter);
    private static final String DIGITS = ascii(Character::isDigit);
    private static final String PUNCTUATION = "!\"#%&'()*,-./:;?@[\\]_{}";
    private static final String VISIBLE = ascii(c -> c > ' ' && c < 0x7F);

    private static final String SPACES = "\\s+";
    private static final String SPACES_BUT_ONE = "\\s+(?!\\S)";
    private static final String LINES = "\\s*[\\r\\n]+";
    private static final String LINE = "[\\r\\n]";
    private static final String WORD = "\\s?\\p{L}+";
    private static final String MARKS = "\\s?\\p{P}+";
    /** A slash may follow the line feed. */
    private static final String MARKS_AND_LINES = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*";
    private static final List<String> GPT2 = List.of("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", " ?\\p{L}+",
            " ?\\p{N}+",
            " ?[^\\s\\p{L}\\p{N}]+", SPACES_BUT_ONE, SPACES);
    private static final String SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    /** The alternatives in the tokenizers of GPT-2, GPT-4, GPT-4o, Llama 3, Qwen, DeepSeek-V2 and V3. */
    private static final Set<String> KNOWN = Set.copyOf(known(SUFFIX, "'(?i:[sdmt]|ll|ve|re)", "\\p{N}", "\\p{N}+",
            "\\p{N}{1,2}",
            "\\p{N}{1,3}", "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+", "[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+",
            " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*",
            " ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*", MARKS_AND_LINES, LINES,
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+" + SUFFIX + "?",
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*" + SUFFIX + "?",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+", "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+",
            " ?[\\p{P}\\p{S}]+[\\r\\n]*"));
    /** Ranges of characters beyond ASCII, such as those of Chinese. */
    private static final Pattern SCRIPT = Pattern.compile("\\[(?:[^\\x00-\\x7F]-?)+\\]\\+");

    private CutRules() {}

    static Cuts of(JsonNode tokenizer) {
        JsonNode preTokenizer = tokenizer.path("pre_tokenizer");
        boolean metaspace = isMetaspace(preTokenizer);
        if (!isKnownNormalizer(tokenizer.path("normalizer"), metaspace)) {
            return Cuts.none();
        }
        Cuts cuts = metaspace ? Cuts.after(VISIBLE).withLetters(true) : ofStages(stages(preTokenizer));
        boolean takesFollowing = false;
        boolean takesPreceding = false;
        for (JsonNode token : tokenizer.path("added_tokens")) {
            String content = token.path("content").asString("");
            takesFollowing |= token.path("rstrip").asBoolean(false) || content.stripLeading().indexOf(' ') >= 0;
            takesPreceding |= token.path("lstrip").asBoolean(false) || content.indexOf('\n') >= 0;
        }
        return takesFollowing ? Cuts.none() : cuts.withLineFeed(cuts.afterLineFeed() && !takesPreceding);
    }

    /** Spaces become U+2581, and each begins a piece. */
    private static boolean isMetaspace(JsonNode preTokenizer) {
        return preTokenizer.path("type").asString("").equals("Metaspace")
                && preTokenizer.path("split").asBoolean(false);
    }

    private static boolean isKnownNormalizer(JsonNode normalizer, boolean metaspace) {
        String type = normalizer.path("type").asString("");
        return normalizer.isMissingNode() || normalizer.isNull() || (type.equals("NFC") && !metaspace)
                || (type.equals("Sequence") && normalizer.path("normalizers").isEmpty());
    }

    private static Cuts ofStages(List<List<String>> stages) {
        if (stages.isEmpty() || stages.stream().flatMap(List::stream).anyMatch(each -> !isKnown(each))) {
            return Cuts.none();
        }
        List<String> all = stages.stream().filter(stage -> stage.contains(SPACES)).findFirst().orElse(List.of());
        Cuts cuts;
        if (!all.isEmpty()) {
            int lines = all.indexOf(LINES);
            cuts = Cuts.after(VISIBLE).withLetters(true)
                    .withLineFeed(
                            lines >= 0 && (all.indexOf(SPACES_BUT_ONE) < 0 || lines < all.indexOf(SPACES_BUT_ONE)));
        } else if (has(stages, WORD)) {
            cuts = Cuts
                    .after(LETTERS + (has(stages, MARKS) ? PUNCTUATION : "") + (has(stages, "\\p{N}") ? DIGITS : ""));
        } else {
            return Cuts.none();
        }
        // An expression that matches single line ends, before any that could match one and a letter.
        boolean lineFirst = stages.getFirst().equals(List.of(LINE));
        boolean joins = stages.stream().flatMap(List::stream).anyMatch(Set.of(WORD, MARKS, MARKS_AND_LINES)::contains);
        return cuts.withLineFeed(lineFirst || (cuts.afterLineFeed() && !joins));
    }

    private static boolean has(List<List<String>> stages, String only) {
        return stages.contains(List.of(only));
    }

    private static boolean isKnown(String alternative) {
        return KNOWN.contains(alternative) || SCRIPT.matcher(alternative).matches();
    }

    /** The alternatives of each step of the pre-tokenizer; one that is unknown makes the step unknown. */
    private static List<List<String>> stages(JsonNode preTokenizer) {
        List<JsonNode> steps = steps(preTokenizer);
        List<List<String>> stages = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            // Steps after the one that writes bytes as letters see no spaces.
            boolean bytesBefore = i > 0 && steps.get(i - 1).path("type").asString("").equals("ByteLevel");
            stages.addAll(bytesBefore ? List.of(List.of("unknown")) : stagesOf(steps.get(i)));
        }
        return stages;
    }

    /** The elementary steps in the order in which they are applied; sequences of steps are expanded. */
    private static List<JsonNode> steps(JsonNode preTokenizer) {
        if (!preTokenizer.path("type").asString("").equals("Sequence")) {
            return List.of(preTokenizer);
        }
        return preTokenizer.path("pretokenizers").valueStream().flatMap(step -> steps(step).stream()).toList();
    }

    private static List<List<String>> stagesOf(JsonNode step) {
        List<List<String>> stages = new ArrayList<>();
        switch (step.path("type").asString("")) {
            case "Digits" -> stages
                    .add(List.of(step.path("individual_digits").asBoolean(false) ? "\\p{N}" : "\\p{N}+"));
            case "Split" -> stages.add(split(step));
            case "ByteLevel" -> {
                if (step.path("add_prefix_space").asBoolean(true)) {
                    stages.add(List.of("a prefix is added"));
                } else if (step.path("use_regex").asBoolean(true)) {
                    stages.add(GPT2);
                }
            }
            default -> stages.add(List.of("unknown"));
        }
        return stages;
    }

    private static List<String> split(JsonNode split) {
        String regex = split.path("pattern").path("Regex").asString("");
        boolean isolated = split.path("behavior").asString("").equals("Isolated")
                && !split.path("invert").asBoolean(false);
        return isolated ? alternatives(regex.replace("\r", "\\r").replace("\n", "\\n")) : List.of("unknown");
    }

    /** The parts between those {@code |} that are outside parentheses and brackets. */
    static List<String> alternatives(String regex) {
        List<String> alternatives = new ArrayList<>();
        int depth = 0;
        boolean inClass = false;
        int begin = 0;
        for (int i = 0; i < regex.length(); i++) {
            switch (regex.charAt(i)) {
                case '\\' -> i++;
                case '[' -> inClass = true;
                case ']' -> inClass = false;
                case '(' -> depth += inClass ? 0 : 1;
                case ')' -> depth -= inClass ? 0 : 1;
                case '|' -> {
                    if (!inClass && depth == 0) {
                        alternatives.add(regex.substring(begin, i));
                        begin = i + 1;
                    }
                }
                default -> {
                    // A character of an alternative.
                }
            }
        }
        alternatives.add(regex.substring(begin));
        return alternatives;
    }

    private static List<String> known(String... more) {
        List<String> known = new ArrayList<>(GPT2);
        known.addAll(List.of(more));
        known.addAll(List.of(LINE, WORD, MARKS));
        return known;
    }

    private static String ascii(IntPredicate which) {
        return IntStream.range(0, 128).filter(which).mapToObj(Character::toString).collect(Collectors.joining());
    }
}
