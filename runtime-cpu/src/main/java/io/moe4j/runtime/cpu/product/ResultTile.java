package io.moe4j.runtime.cpu.product;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Stores the sums of a tile: {@code c = alpha · sum + beta · c}. With a beta of 0, old values are not read. Sums beyond the last row or column are not
 * stored.
 *
 * @param sums (12, 32), as {@link MicroKernel} leaves them
 */
record ResultTile(Sgemm g, float[] sums) {

    /** @param beta the product's beta for the first block of terms, 1 for all others */
    void store(int row, int rows, int column, int columns, float beta) {
        for (int i = 0; i < rows; i++) {
            long c = Wide.at(g.c(), (long) (row + i) * g.ldc() + column);
            int place = i * MicroKernel.COLUMNS;
            if (columns == MicroKernel.COLUMNS) {
                whole(place, c, beta);
                whole(place + Wide.LANES, Wide.at(c, Wide.LANES), beta);
            } else {
                part(place, c, beta, columns);
                part(place + Wide.LANES, Wide.at(c, Wide.LANES), beta, columns - Wide.LANES);
            }
        }
    }

    private void whole(int place, long c, float beta) {
        FloatVector sum = FloatVector.fromArray(Wide.SPECIES, sums, place).mul(g.alpha());
        Wide.store(beta == 0 ? sum : Wide.load(c).fma(FloatVector.broadcast(Wide.SPECIES, beta), sum), c);
    }

    private void part(int place, long c, float beta, int count) {
        if (count > 0) {
            VectorMask<Float> mask = Wide.first(count);
            FloatVector sum = FloatVector.fromArray(Wide.SPECIES, sums, place).mul(g.alpha());
            Wide.store(beta == 0 ? sum : Wide.load(c, mask).fma(FloatVector.broadcast(Wide.SPECIES, beta), sum), c,
                    mask);
        }
    }
}
