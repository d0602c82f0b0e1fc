/**
 * Products of fp32 matrices in Java, for processors with vectors of 512 bits where OpenBLAS uses shorter ones. Main flow: {@code VectorProducts} divides a
 * product into blocks, {@code PackedColumns} and {@code RowCopies} copy the operands of a block, {@code MicroKernel} multiplies, {@code ResultTile} stores.
 */
@NullMarked
package io.moe4j.runtime.cpu.product;

import org.jspecify.annotations.NullMarked;
