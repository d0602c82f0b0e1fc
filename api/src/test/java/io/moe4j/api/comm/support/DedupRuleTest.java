package io.moe4j.api.comm.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DedupRuleTest {

    /** The expected value, counted over all sets of K experts. */
    @ParameterizedTest
    @CsvSource({"8, 2, 1", "8, 2, 3", "8, 4, 3", "9, 3, 2", "8, 8, 5", "12, 3, 12", "10, 1, 4", "12, 6, 7"})
    void theExpectedRanksOfATokenAreThoseOfAllSets(int experts, int ranks, int topK) {
        long sets = 0;
        long distinct = 0;
        for (int set = 0; set < 1 << experts; set++) {
            if (Integer.bitCount(set) == topK) {
                sets++;
                for (int rank = 0; rank < ranks; rank++) {
                    int own = ((1 << (experts / ranks)) - 1) << (rank * (experts / ranks));
                    distinct += (set & own) == 0 ? 0 : 1;
                }
            }
        }
        // At most 2 K roundings of numbers that are not larger than the number of ranks.
        assertEquals((double) distinct / sets, DedupRule.ranksOfToken(experts, ranks, topK),
                2 * topK * 0x1p-52 * ranks);
    }

    @Test
    void withManyExpertsItIsTheFormulaOfIndependentDraws() {
        assertEquals(2 * (1 - Math.pow(0.5, 6)), DedupRule.ranksOfToken(1 << 20, 2, 6), 1e-4);
    }

    /** 16,384 tokens, K = 6, 64 experts, rows of 4096 bytes: on two ranks, 16,186 rows instead of 49,152, which saves 135 MB. */
    @Test
    void itPaysWhereManyBytesAreSaved() {
        CommConfig large = CommConfig.of(16_384, 2048, 64, 6, DType.BF16);
        assertEquals(49_152, DedupRule.rowsToOthers(large, 2, false));
        assertEquals(16_185.97, DedupRule.rowsToOthers(large, 2, true), 0.01);
        assertTrue(DedupRule.pays(large, 2));
        assertFalse(DedupRule.pays(large, 1), "a rank alone sends nothing");
        assertFalse(DedupRule.pays(large, 64), "with one expert on each rank there is nothing to save");
        assertFalse(DedupRule.pays(CommConfig.of(16_384, 2048, 64, 1, DType.BF16), 2), "K = 1");
        // 508 tokens save 1022 rows of 4096 bytes; 4 MiB are 1024 rows.
        assertFalse(DedupRule.pays(CommConfig.of(508, 2048, 64, 6, DType.BF16), 2));
        assertTrue(DedupRule.pays(CommConfig.of(510, 2048, 64, 6, DType.BF16), 2));
    }

    /** Two rounds under even routing count as twice as many ranks; with one round for each row, nothing is saved; with enough capacity there is one round. */
    @Test
    void eachRoundSendsARowOnce() {
        CommConfig config = CommConfig.of(1024, 256, 64, 6, DType.BF16);
        assertEquals(1024 * DedupRule.ranksOfToken(64, 4, 6) / 2, DedupRule.rowsToOthers(
                config.withCapacity(ReceiveCapacity.factor(0.5), OverflowAction.ROUNDS), 2, true), 1e-9);
        assertEquals(1024 * 6 / 2.0, DedupRule.rowsToOthers(
                config.withCapacity(ReceiveCapacity.factor(1e-9), OverflowAction.ROUNDS), 2, true), 1e-9);
        assertEquals(DedupRule.rowsToOthers(config, 2, true), DedupRule.rowsToOthers(
                config.withCapacity(ReceiveCapacity.factor(1.25), OverflowAction.ROUNDS), 2, true));
    }

    @Test
    void scalesCount() {
        assertEquals(256 + 2 * 4, DedupRule.rowBytes(CommConfig.of(1, 256, 8, 2, DType.F8_E4M3)));
    }
}
