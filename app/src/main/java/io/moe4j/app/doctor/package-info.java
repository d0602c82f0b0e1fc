/** Checks what a machine has, and which features lack a requirement. */
@NullMarked
package io.moe4j.app.doctor;

import org.jspecify.annotations.NullMarked;
