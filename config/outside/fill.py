import sys

import cv2

image, mask, result = sys.argv[1:]
filled = cv2.inpaint(cv2.imread(image), cv2.imread(mask, 0), 5, cv2.INPAINT_NS)
cv2.imwrite(result, filled)
