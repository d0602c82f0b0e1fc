package io.moe4j.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** In what two tokenizations differ, in words. Their plans are lists such as {@code version 1, tokenizer bytes, source 2ab0, shards of 64 tokens}. */
final class PlanDifference {
    /** What the first word of a part stands for; of contents only where the rest is the same, because other files have other contents. */
    private static final Map<String, String> MEANINGS = Map.of(
            "version", "in whether documents are conversations",
            "tokenizer", "in the tokenizer",
            "source",
            "in the files, or how they are read: data.path, names of fields, data.on_bad_line, validation.split",
            "shards", "in the shards",
            "contents", "in what is in the files");

    private PlanDifference() {}

    /** For example {@code in the tokenizer (bytes there, bpe-17 here)}. */
    static String of(String there, String here) {
        Map<String, String> old = parts(there);
        Map<String, String> asked = parts(here);
        List<String> differences = new ArrayList<>();
        asked.forEach((word, value) -> {
            String before = old.getOrDefault(word, "none");
            if (!before.equals(value) && !(word.equals("contents") && !differences.isEmpty())) {
                differences
                        .add(MEANINGS.getOrDefault(word, "in " + word) + " (" + before + " there, " + value + " here)");
            }
        });
        return String.join(", and ", differences);
    }

    private static Map<String, String> parts(String plan) {
        Map<String, String> parts = new LinkedHashMap<>();
        for (String part : plan.split(", ", -1)) {
            int space = part.indexOf(' ');
            parts.put(space < 0 ? part : part.substring(0, space), space < 0 ? part : part.substring(space + 1));
        }
        return parts;
    }
}
