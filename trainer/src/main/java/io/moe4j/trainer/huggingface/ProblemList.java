package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Collects the problems of a folder by kind. For a kind with many problems, the message has the first few and the total number. */
final class ProblemList {
    private static final int MOST_OF_A_KIND = 6;

    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    private static final class Kind {
        private final StringBuilder first = new StringBuilder();
        private long count;
    }

    /**
     * Notes a problem.
     *
     * @param kind what they have in common, with the remedy, such as {@code "missing; take all files"}
     * @param problem the text about this one, such as the name of a tensor
     */
    void add(String kind, String problem) {
        Kind found = kinds.computeIfAbsent(kind, ignored -> new Kind());
        if (found.count++ < MOST_OF_A_KIND) {
            found.first.append(found.count == 1 ? "" : ", ").append(Shown.of(problem));
        }
    }

    boolean isEmpty() {
        return kinds.isEmpty();
    }

    /** One line for each kind. */
    List<String> lines() {
        return kinds.entrySet().stream().map(entry -> {
            Kind kind = entry.getValue();
            return (kind.count == 1 ? "" : kind.count + " ") + entry.getKey() + ": " + kind.first
                    + (kind.count > MOST_OF_A_KIND ? ", and " + (kind.count - MOST_OF_A_KIND) + " more" : "");
        }).toList();
    }

    /**
     * Throws if there are problems.
     *
     * @param what cannot be used
     */
    void refuse(String what) {
        if (!kinds.isEmpty()) {
            throw new InputException(
                    what + lines().stream().map(line -> "\n- " + line).collect(Collectors.joining()));
        }
    }
}
