package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;

/**
 * The rows of all experts, cut into blocks of at most {@link PanelProduct#ROW_BLOCK} rows of one expert by {@link PanelProduct#COLUMNS} columns. The cut
 * depends on the offsets and the shape only, never on the number of cores; the same is true of the results.
 *
 * <p>If earlier rows of the first expert were computed in another call, its remaining rows keep their places in groups of {@link PanelProduct#GROUP}: the
 * first block has a lead, the number of absent rows that precede its first row in that row's group.
 *
 * <p>Example: offsets (300, 300, 310) and 600 columns: expert 0 has 2 × 2 blocks, expert 1 none, expert 2 has 1 × 2; block 5 is expert 2,
 * rows 300..309, columns 512..599.
 */
final class RowBlocks {
    private final long[] rowEnds;
    private final long[] blockEnds;
    private final int columns;
    private final int columnBlocks;
    /** The first expert that has rows, or -1. */
    private final int leading;
    private final int lead;

    RowBlocks(CpuLaunch launch, long offsets, int experts, long capacity, int columns, long before) {
        this.rowEnds = new long[experts];
        this.blockEnds = new long[experts];
        this.columns = columns;
        this.columnBlocks = Math.ceilDiv(columns, PanelProduct.COLUMNS);
        long blocks = 0;
        long start = 0;
        int leading = -1;
        for (int expert = 0; expert < experts; expert++) {
            rowEnds[expert] = PanelProduct.offset(launch, offsets, expert, capacity);
            if (leading < 0 && rowEnds[expert] > start) {
                leading = expert;
            }
            long lead = leading == expert ? before % PanelProduct.GROUP : 0;
            blocks += Math.ceilDiv(rowEnds[expert] - start + lead, PanelProduct.ROW_BLOCK) * columnBlocks;
            blockEnds[expert] = blocks;
            start = rowEnds[expert];
        }
        this.leading = leading;
        this.lead = (int) (before % PanelProduct.GROUP);
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
        long first = expert == 0 ? 0 : rowEnds[expert - 1];
        // Counted from the beginning of the group that contains the expert's first row.
        long counted = inExpert / columnBlocks * PanelProduct.ROW_BLOCK;
        int absent = expert == leading ? lead : 0;
        long row = first + Math.max(0, counted - absent);
        long end = Math.min(rowEnds[expert], first + counted - absent + PanelProduct.ROW_BLOCK);
        int column = (int) (inExpert % columnBlocks) * PanelProduct.COLUMNS;
        return new Block(expert, counted == 0 ? absent : 0, row, (int) (end - row), column,
                Math.min(PanelProduct.COLUMNS, columns - column));
    }

    /** A block of one expert: {@code lead} rows that are absent, then {@code rows} rows from {@code row} on, {@code columns} columns from {@code column} on. */
    record Block(int expert, int lead, long row, int rows, int column, int columns) {}
}
