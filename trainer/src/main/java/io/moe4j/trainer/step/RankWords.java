package io.moe4j.trainer.step;

import io.moe4j.api.Shown;
import io.moe4j.api.group.RankContext;
import io.moe4j.launch.PlainText;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Exchanges texts between ranks. */
final class RankWords {

    private RankWords() {}

    /**
     * Joins the texts of all ranks into one, which is the same on each rank: ranks with equal texts are named together, those with an empty text are left out.
     */
    static String exchange(RankContext rank, String name, String mine) {
        List<String> all = rank.rendezvous().exchange(rank.world(), name, mine.getBytes(StandardCharsets.UTF_8))
                .stream()
                .map(bytes -> PlainText.of(new String(bytes, StandardCharsets.UTF_8))).toList();
        return IntStream.range(0, all.size()).boxed().filter(each -> !all.get(each).isEmpty())
                .collect(Collectors.groupingBy(all::get)).entrySet().stream()
                .map(entry -> Shown.ranks(entry.getValue()) + ": " + entry.getKey()).sorted()
                .collect(Collectors.joining("; "));
    }
}
