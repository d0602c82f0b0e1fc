package io.moe4j.trainer.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that was probably meant. */
final class NearestKey {
    /** Names with fewer letters are contained in too many keys, so containment is not considered for them. */
    private static final int SHORTEST_PART = 3;
    private static final int LONGEST = 100;

    private NearestKey() {}

    /**
     * The known name with the fewest changed letters; empty if more than two letters, and more than a third of them, would change. The last parts
     * of two names are compared too, and a name that contains the given one is near: {@code steps} is near {@code training.steps}. Of names whose last parts
     * are equally near to that of a name of several parts, the one that is nearer as a whole is taken: {@code validaton.path} is nearest to
     * {@code validation.path}. Capitals do not matter.
     */
    static Optional<String> of(String name, Collection<String> known) {
        if (name.isEmpty() || name.length() > LONGEST) {
            return Optional.empty();
        }
        return known.stream().filter(key -> isNear(name, key))
                .min(Comparator.comparingInt((String key) -> distance(name, key))
                        .thenComparingInt(key -> name.contains(".") ? edits(name, key) : 0));
    }

    private static boolean isNear(String name, String key) {
        return contains(key, name) || near(name, key) || near(last(name), last(key));
    }

    private static boolean near(String a, String b) {
        return edits(a, b) <= Math.max(2, Math.min(a.length(), b.length()) / 3)
                && edits(a, b) < Math.min(a.length(), b.length());
    }

    private static int distance(String name, String key) {
        if (contains(key, name)) {
            return key.length() == name.length() ? 0 : 1;
        }
        return Math.min(2 * edits(name, key), 2 * edits(last(name), last(key)) + 1);
    }

    private static boolean contains(String key, String name) {
        return name.length() >= SHORTEST_PART && key.toLowerCase(Locale.ROOT).contains(name.toLowerCase(Locale.ROOT));
    }

    private static String last(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Levenshtein's distance: how many letters must be changed, added or removed. */
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
