package io.moe4j.app.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that was probably meant. */
final class NearestName {

    private NearestName() {}

    /** The name with the fewest changed letters, and at most one change for every two letters; two swapped letters are one change. */
    static Optional<String> of(String given, Collection<String> names) {
        return of(given, names, 2);
    }

    /** The same, with at most one change for every {@code letters} letters. */
    static Optional<String> of(String given, Collection<String> names, int letters) {
        return names.stream().filter(name -> changes(given, name) <= Math.max(1, name.length() / letters))
                .min(Comparator.comparingInt(name -> changes(given, name)));
    }

    private static int changes(String a, String b) {
        int[][] changes = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                changes[i][j] = i == 0 || j == 0 ? i + j
                        : Math.min(1 + Math.min(changes[i - 1][j], changes[i][j - 1]),
                                changes[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    changes[i][j] = Math.min(changes[i][j], changes[i - 2][j - 2] + 1);
                }
            }
        }
        return changes[a.length()][b.length()];
    }
}
