package io.moe4j.trainer.step;

import io.moe4j.api.Shown;
import io.moe4j.api.group.RankContext;
import io.moe4j.launch.PlainText;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What each rank has to say, told to all. */
final class RankWords {

    private RankWords() {}

    /** One text of all ranks, the same on each: ranks that say the same are named together, those that say nothing are left out. */
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
