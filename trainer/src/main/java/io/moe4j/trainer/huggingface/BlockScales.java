package io.moe4j.trainer.huggingface;

import io.moe4j.api.Shown;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The blocks of a matrix in FP8, each with its scale: a (300, 200) matrix with blocks of (128, 128) has (3, 2) scales, of which the last row and the last
 * column belong to smaller blocks.
 *
 * @param rows rows of a block
 * @param columns columns of a block
 */
record BlockScales(long rows, long columns) {
    static final String KEY = "quantization_config";
    /** The ending that the name of a weight's scales adds to the weight's name. */
    static final String ENDING = "_scale_inv";

    /** The shape of the scales of a matrix. */
    List<Long> shape(List<Long> matrix) {
        return List.of(Math.ceilDiv(matrix.get(0), rows), Math.ceilDiv(matrix.get(1), columns));
    }

    /**
     * The blocks that {@code quantization_config} names, if there is such a key.
     *
     * @throws IllegalArgumentException if it is another kind of quantisation
     */
    static Optional<BlockScales> of(Map<String, Object> config) {
        Object section = config.get(KEY);
        if (section == null) {
            return Optional.empty();
        }
        Map<?, ?> keys = section instanceof Map<?, ?> map ? map : Map.of();
        boolean fp8 = "fp8".equals(keys.get("quant_method"))
                && "e4m3".equals(keys.get("fmt") == null ? "e4m3" : keys.get("fmt"));
        if (!fp8 || !(keys.get("weight_block_size") instanceof List<?> block) || block.size() != 2
                || !(block.getFirst() instanceof Integer rows) || !(block.getLast() instanceof Integer columns)
                || rows < 1
                || columns < 1) {
            throw new IllegalArgumentException(KEY + " = " + Shown.of(section)
                    + ": of quantised weights, only FP8 with a scale for each block is read (quant_method \"fp8\", fmt \"e4m3\","
                    + " weight_block_size [rows, columns]); take the folder in bfloat16");
        }
        return Optional.of(new BlockScales(rows, columns));
    }
}
