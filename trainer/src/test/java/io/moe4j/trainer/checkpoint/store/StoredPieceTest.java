package io.moe4j.trainer.checkpoint.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Files of a checkpoint have the same bytes whichever JVM writes them: the order of their headers' keys does not change from one JVM to the next. */
final class StoredPieceTest {

    @Test
    void keysHaveAnOrder() {
        assertEquals(List.of("ranks", "role", "step"),
                List.copyOf(StoredPiece.metadata(Role.WEIGHTS, 7, List.of(0, 1)).keySet()));
    }
}
