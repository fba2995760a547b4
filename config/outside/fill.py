import pathlib, sys, cv2  # noqa: E401

images, masks, predictions = map(pathlib.Path, sys.argv[1:])
for path in images.iterdir():
    filled = cv2.inpaint(cv2.imread(str(path)), cv2.imread(str(masks / path.name), 0), 5, cv2.INPAINT_NS)
    cv2.imwrite(str(predictions / f"{path.stem}_result.png"), filled)
