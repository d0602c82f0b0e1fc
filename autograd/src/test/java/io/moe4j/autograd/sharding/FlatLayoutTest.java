package io.moe4j.autograd.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FlatLayoutTest {

    /** Parameters of random sizes: the pieces of all shards cover each element once, in order, and gaps are all the rest. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7})
    void theShardsHoldEachElementOnce(int shards) {
        Random random = new Random(shards);
        for (int round = 0; round < 50; round++) {
            List<Parameter> parameters = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(6); i++) {
                parameters.add(new Parameter("p" + i, 0, 1 + random.nextInt(5), 1 + random.nextInt(300)));
            }
            FlatLayout layout = new FlatLayout(parameters, shards);
            Map<Parameter, Long> covered = new HashMap<>();
            for (int shard = 0; shard < shards; shard++) {
                for (FlatLayout.Piece piece : layout.pieces(shard)) {
                    assertEquals(covered.getOrDefault(piece.parameter(), 0L), piece.fromInParameter());
                    covered.merge(piece.parameter(), piece.count(), Long::sum);
                    assertTrue(piece.fromInShard() >= 0
                            && piece.fromInShard() + piece.count() <= layout.shardElements());
                    int index = parameters.indexOf(piece.parameter());
                    assertEquals(layout.start(index) + piece.fromInParameter(),
                            shard * layout.shardElements() + piece.fromInShard());
                }
            }
            parameters.forEach(parameter -> assertEquals(parameter.elements(), covered.get(parameter)));
            long inGaps = layout.gaps().stream().mapToLong(gap -> gap.to() - gap.from()).sum();
            long inParameters = parameters.stream().mapToLong(Parameter::elements).sum();
            assertEquals(layout.elements(), inParameters + inGaps);
            assertEquals(layout.elements(), layout.shardElements() * shards);
        }
    }

    /** 16-byte accesses of any type start where a parameter or a shard starts. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void parametersAndShardsStartAligned(int shards) {
        List<Parameter> parameters = List.of(new Parameter("a", 0, 3), new Parameter("b", 0, 1000),
                new Parameter("c", 0, 1));
        FlatLayout layout = new FlatLayout(parameters, shards);
        assertEquals(0, layout.shardElements() % 128);
        for (int i = 0; i < parameters.size(); i++) {
            assertEquals(0, layout.start(i) % 128);
        }
    }
}
