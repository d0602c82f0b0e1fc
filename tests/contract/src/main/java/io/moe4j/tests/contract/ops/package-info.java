/**
 * The kit for {@code DeviceOps}: {@link DeviceOpsContract} and, for each family of operations, its cases. A case is data and one call; the expected result is
 * computed in double precision, with a bound of the error of fp32 arithmetic.
 */
@NullMarked
package io.moe4j.tests.contract.ops;

import org.jspecify.annotations.NullMarked;
