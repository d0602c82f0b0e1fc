/** The portable expert-parallel baseline. */
@NullMarked
package io.moe4j.comm.standard;

import org.jspecify.annotations.NullMarked;
