package io.moe4j.trainer.config;

import java.util.Collection;
import java.util.Comparator;

/** What was probably meant. */
final class NearestKey {

    private NearestKey() {}

    /** The known name that takes the fewest changes of a letter; a key's last part alone is compared too, and one that contains the name is near. */
    static String of(String name, Collection<String> known) {
        return known.stream().min(Comparator.comparingInt((String key) -> distance(name, key))).orElse("");
    }

    private static int distance(String name, String key) {
        if (key.contains(name)) {
            return 1;
        }
        return Math.min(2 * edits(name, key), 2 * edits(last(name), last(key)) + 1);
    }

    private static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Levenshtein's distance. */
    private static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
