/**
 * The kit for {@code DeviceOps}: {@link DeviceOpsContract} and, for each family of operations, its cases. A case is data and one call; what must come of it is
 * computed in double precision, with the error that fp32 arithmetic may make.
 */
@NullMarked
package io.moe4j.tests.contract.ops;

import org.jspecify.annotations.NullMarked;
