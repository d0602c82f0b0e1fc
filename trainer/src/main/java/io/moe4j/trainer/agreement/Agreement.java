package io.moe4j.trainer.agreement;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.trainer.session.RankLaunch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks that all processes of a run have equal facts, such as configuration values. */
final class Agreement {
    /** How many differences are named; further ones are only counted. */
    private static final int MOST_SHOWN = 20;

    private final RankLaunch launch;

    Agreement(RankLaunch launch) {
        this.launch = launch;
    }

    /**
     * Compares this process's facts with those of all others, which call this at the same time. A digest is exchanged first, and the facts only if the digest
     * differs somewhere.
     *
     * @throws InputException in every process, if they differ: with names, values and ranks
     */
    void require(Facts mine) {
        byte[] encoded = mine.encode();
        byte[] digest = BuildDigest.of(List.of(new String(encoded, StandardCharsets.ISO_8859_1)))
                .getBytes(StandardCharsets.US_ASCII);
        if (exchange("agreement", digest).stream().allMatch(other -> Arrays.equals(other, digest))) {
            // If all digests equal this one, this is so in every process, and all of them return here.
            return;
        }
        List<Facts> all = exchange("agreement, facts", encoded).stream().map(Facts::decode).toList();
        List<String> differences = differences(all);
        throw new InputException("the ranks of this run do not agree, and would not train one model:\n"
                + String.join("\n", differences.subList(0, Math.min(MOST_SHOWN, differences.size())))
                + (differences.size() > MOST_SHOWN ? "\nand " + (differences.size() - MOST_SHOWN) + " more" : "")
                + "\nstart all processes with the same configuration, build and data");
    }

    /** One line for each fact that differs between ranks: {@code optimizer.lr: 0.002 (ranks 0, 1 and 3), 0.02 (rank 2)}. */
    static List<String> differences(List<Facts> byRank) {
        Set<String> names = new LinkedHashSet<>();
        byRank.forEach(facts -> names.addAll(facts.values().keySet()));
        List<String> lines = new ArrayList<>();
        for (String name : names) {
            Map<String, List<Integer>> ranksByValue = new LinkedHashMap<>();
            for (int rank = 0; rank < byRank.size(); rank++) {
                ranksByValue.computeIfAbsent(byRank.get(rank).values().getOrDefault(name, "(absent)"),
                        value -> new ArrayList<>()).add(rank);
            }
            if (ranksByValue.size() > 1) {
                lines.add("  " + name + ": " + String.join(", ", ranksByValue.entrySet().stream()
                        .map(entry -> entry.getKey() + " (" + Shown.ranks(entry.getValue()) + ")").toList()));
            }
        }
        return lines;
    }

    /** Every rank of this process contributes the same bytes. */
    private List<byte[]> exchange(String key, byte[] mine) {
        return launch.exchange(key, rank -> mine);
    }
}
