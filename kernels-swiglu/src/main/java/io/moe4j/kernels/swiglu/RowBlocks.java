package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;

/**
 * The rows of all experts, cut into blocks of at most {@link PanelProduct#ROWS} rows of one expert by {@link PanelProduct#COLUMNS} columns. The cut
 * depends on the offsets and the shape only, never on the number of cores; the same is true of the results.
 *
 * <p>Example: offsets (300, 300, 310) and 600 columns: expert 0 has 2 × 2 blocks, expert 1 none, expert 2 has 1 × 2; block 5 is expert 2,
 * rows 300..310, columns 512..600.
 */
final class RowBlocks {
    private final long[] rowEnds;
    private final long[] blockEnds;
    private final int columns;
    private final int columnBlocks;

    RowBlocks(CpuLaunch launch, long offsets, int experts, long capacity, int columns) {
        this.rowEnds = new long[experts];
        this.blockEnds = new long[experts];
        this.columns = columns;
        this.columnBlocks = Math.ceilDiv(columns, PanelProduct.COLUMNS);
        long blocks = 0;
        long start = 0;
        for (int expert = 0; expert < experts; expert++) {
            rowEnds[expert] = PanelProduct.offset(launch, offsets, expert, capacity);
            blocks += Math.ceilDiv(rowEnds[expert] - start, PanelProduct.ROWS) * columnBlocks;
            blockEnds[expert] = blocks;
            start = rowEnds[expert];
        }
    }

    long count() {
        return blockEnds[blockEnds.length - 1];
    }

    Block get(long index) {
        int expert = 0;
        while (blockEnds[expert] <= index) {
            expert++;
        }
        long inExpert = index - (expert == 0 ? 0 : blockEnds[expert - 1]);
        long row = (expert == 0 ? 0 : rowEnds[expert - 1]) + inExpert / columnBlocks * PanelProduct.ROWS;
        int column = (int) (inExpert % columnBlocks) * PanelProduct.COLUMNS;
        return new Block(expert, row, (int) Math.min(PanelProduct.ROWS, rowEnds[expert] - row), column,
                Math.min(PanelProduct.COLUMNS, columns - column));
    }

    /** A block of one expert: {@code rows} rows from {@code row} on, {@code columns} columns from {@code column} on. */
    record Block(int expert, long row, int rows, int column, int columns) {}
}
