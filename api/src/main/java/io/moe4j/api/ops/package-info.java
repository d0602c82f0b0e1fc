/** The operations every device implements, by family. */
@NullMarked
package io.moe4j.api.ops;

import org.jspecify.annotations.NullMarked;
