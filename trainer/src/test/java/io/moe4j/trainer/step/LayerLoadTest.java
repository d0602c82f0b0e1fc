package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LayerLoadTest {

    @Test
    void theExampleOfTheComment() {
        LayerLoad load = load(6, 2, 0, 0);
        // -(0.75 ln 0.75 + 0.25 ln 0.25) / ln 4
        assertEquals(0.4056, load.entropy(), 1e-4);
        assertEquals(3, load.imbalance());
    }

    @Test
    void extremes() {
        assertEquals(1, load(5, 5, 5).entropy(), 1e-12);
        assertEquals(1, load(5, 5, 5).imbalance());
        assertEquals(0, load(0, 9, 0).entropy());
        assertEquals(3, load(0, 9, 0).imbalance());
        assertEquals(0, load(0, 0).entropy());
        assertEquals(0, load(0, 0).imbalance());
        assertEquals(0, load(7).entropy());
    }

    @Test
    void groupsAreAddedUpAndTheFullestRankOfAnyIsFound() {
        // Two groups of two ranks with two experts each: their ranks receive 3 and 7, and 9 and 1 rows, and can receive 6.
        RoutingSums sums = new RoutingSums(List.of(4),
                List.of(List.of(List.of(1, 2, 3, 4)), List.of(List.of(9, 0, 0, 1))),
                2, 1, 6, 4);
        assertEquals(List.of(new LayerLoad(4, List.of(10L, 2L, 3L, 5L), 9, OptionalLong.of(4))), sums.loads());
    }

    @Test
    void whichLayerHasDroppedRowsIsNotGuessed() {
        List<List<List<Integer>>> groups = List.of(List.of(List.of(8, 0), List.of(4, 4)));
        assertEquals(List.of(OptionalLong.of(2), OptionalLong.of(0)),
                dropped(new RoutingSums(List.of(1, 2), groups, 2, 1, 6, 2)));
        // Over two microbatches, 8 rows may have come as 4 and 4, or as 8 and 0.
        assertEquals(List.of(OptionalLong.empty(), OptionalLong.empty()),
                dropped(new RoutingSums(List.of(1, 2), groups, 2, 2, 6, 2)));
        // A backend that brings 8 rows in two rounds drops none, though 8 are more than 6.
        assertEquals(List.of(OptionalLong.of(0), OptionalLong.of(0)),
                dropped(new RoutingSums(List.of(1, 2), groups, 2, 1, 6, 0)));
    }

    private static List<OptionalLong> dropped(RoutingSums sums) {
        return sums.loads().stream().map(LayerLoad::droppedRows).toList();
    }

    private static LayerLoad load(long... tokens) {
        return new LayerLoad(0, Arrays.stream(tokens).boxed().toList(), 0, OptionalLong.of(0));
    }
}
